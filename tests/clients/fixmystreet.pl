#!/usr/bin/perl
# FixMyStreet's own code against this server: its list of services, reports, updates both ways.
#
#   perl -I CHECKOUT/perllib fixmystreet.pl URL KEY JURISDICTION
#
# From the checkout come Open311.pm and Open311/*.pm as they are. What stands behind them there, a
# database with its classes, the looks of a city, pictures, is stood in for below: rows in memory.
use strict;
use warnings;
use utf8;

# A row of a table: every column is a method that reads, or sets.
package Row;

our $AUTOLOAD;

sub new {
    my ($class, %columns) = @_;
    return bless {%columns}, $class;
}

sub AUTOLOAD {
    my $self = shift;
    (my $name = $AUTOLOAD) =~ s/.*:://;
    return if $name eq 'DESTROY';
    $self->{$name} = shift if @_;
    return $self->{$name};
}

sub update {
    my ($self, $columns) = @_;
    %$self = (%$self, %{ $columns || {} });
    return $self;
}

sub insert { my $self = shift; push @{ $self->{_table} }, $self; return $self }
sub call_hook { return }
sub get_extra_fields { return $_[0]{extra_fields} || [] }
sub set_extra_fields { my $self = shift; $self->{extra_fields} = [@_] }
sub get_extra_metadata {
    my ($self, $name, $preset) = @_;
    return $self->{meta} || {} unless $name;
    return defined $self->{meta}{$name} ? $self->{meta}{$name} : $preset;
}
sub set_extra_metadata { $_[0]{meta}{ $_[1] } = $_[2] }
sub unset_extra_metadata { delete $_[0]{meta}{ $_[1] } }
sub is_column_changed { return 1 }
sub groups { return $_[0]{meta}{group} ? [ $_[0]{meta}{group} ] : [] }
sub get_cobrand_handler { return }
sub get_cobrand_logged { return $main::city }
sub get_body_sender { return { config => $main::body } }
sub enable_category_groups { return 1 }
sub comments { return Rows->new( $main::comments, { problem => $_[0] } ) }
sub to_body_named { return }
sub base_url { return 'https://fms.example.org' }
sub is_visible { return 1 }
sub is_fixed { return $_[0]{state} =~ /^fixed/ }
sub is_open { return $_[0]{state} eq 'confirmed' }
sub get_photoset { return Photos->new }
sub update_send_failed { $_[0]{send_fail_reason} = $_[1] }

# What a search gives.
package Rows;

sub new {
    my ($class, $table, $criteria) = @_;
    my $self = bless { table => $table, rows => [@$table], at => 0 }, $class;
    return $criteria ? $self->search($criteria) : $self;
}

sub matches {
    my ($value, $wanted) = @_;
    $value = '' unless defined $value;
    return $value eq $wanted unless ref $wanted eq 'HASH';
    my ($operator, $other) = %$wanted;
    return $value ne ( defined $other ? $other : '' ) if $operator eq '!=';
    return $value lt $other if $operator eq '<';
    return !grep { $_ eq $value } @$other if $operator eq '-not_in';
    die "no operator $operator here";
}

sub search {
    my ($self, $criteria, $how) = @_;
    my %criteria = %{ $criteria || {} };
    my $any = delete $criteria{-OR} || [];
    my @rows = grep {
        my $row = $_;
        my $fits = 1;
        $fits &&= matches( $row->{$_}, $criteria{$_} ) for keys %criteria;
        my %any = @$any;
        $fits && ( !%any || grep { matches( $row->{$_}, $any{$_} ) } keys %any );
    } @{ $self->{rows} };
    @rows = reverse @rows if $how && $how->{order_by};
    return bless { table => $self->{table}, rows => \@rows, at => 0 }, ref $self;
}

sub first { return $_[0]{rows}[0] }
sub single { return $_[0]{rows}[0] }
sub next { my $self = shift; return $self->{rows}[ $self->{at}++ ] }
sub all { return @{ $_[0]{rows} } }
sub count { return scalar @{ $_[0]{rows} } }
sub to_body { return $_[0] }
sub not_deleted { return $_[0]->search( { state => { '!=', 'deleted' } } ) }
sub update { my ($self, $columns) = @_; $_->update($columns) for @{ $self->{rows} } }

package Photos;

sub new { return bless {}, shift }
sub all_ids { return ('one.png') }
sub get_image_data { return { content_type => 'image/png', data => $main::picture } }

package Schema;

my %tables;

sub new { return bless {}, shift }
sub connect { return $_[0] }
sub storage { return $_[0] }
sub datetime_parser { return $_[0] }
sub format_datetime { return "$_[1]" }
sub txn_do { return $_[1]->() }

sub resultset {
    my ($self, $name) = @_;
    $tables{$name} ||= [];
    return bless { table => $tables{$name}, rows => [ @{ $tables{$name} } ], at => 0 }, 'Table';
}

package Table;

our @ISA = ('Rows');

sub new {
    my ($self, $columns) = @_;
    return Rows::new( $self, @_[ 1 .. $#_ ] ) unless ref $self;
    my %ids = $columns->{user} ? ( user_id => $columns->{user}->id ) : ();
    return Row->new( %ids, %$columns, _table => $self->{table} );
}

package FixMyStreet;

sub test_mode { return 1 }
sub config { return $_[1] eq 'O311_POLLING_INTERVAL' ? 0 : undef }
sub local_time_zone { return DateTime::TimeZone->new( name => 'UTC' ) }

package FixMyStreet::DB;

sub schema { return Schema->new }
sub connect { return Schema->new }
sub resultset { return Schema->new->resultset( $_[1] ) }

package FixMyStreet::DB::Result::Problem;

my %open = map { $_ => 1 } ( 'confirmed', 'investigating', 'in progress', 'planned',
    'action scheduled', 'for triage' );
my %fixed = map { $_ => 1 } ( 'fixed', 'fixed - user', 'fixed - council' );

sub open_states { return \%open }
sub fixed_states { return \%fixed }
sub visible_states { return { %open, %fixed, closed => 1 } }

package FixMyStreet::DB::Result::Body;

our @ISA = ('Row');

package FixMyStreet::Template;

sub sanitize { return $_[0] }

package Utils;

sub truncate_coordinate { return sprintf '%0.6f', $_[0] }

sub trim_text {
    my $text = shift;
    $text =~ s/^\s+|\s+$//g;
    return $text;
}

package main;

BEGIN {
    $INC{"$_.pm"} = __FILE__
        for qw(FixMyStreet FixMyStreet/DB FixMyStreet/Cobrand FixMyStreet/App/Model/PhotoSet
        FixMyStreet/ImageMagick FixMyStreet/Template Utils);
}

sub _ { return $_[0] }

use DateTime;
use MIME::Base64;
use open ':std', ':encoding(UTF-8)';
use Readonly;
use Open311;
use Open311::GetServiceRequestUpdates;
use Open311::GetUpdates;
use Open311::PopulateServiceList;
use Open311::PostServiceRequestUpdates;

my ($url, $key, $jurisdiction) = @ARGV;
my $code = '4ffa4c69601827691b000018';
our $comments = Schema->new->resultset('Comment')->{table};
my $said = 0; # comments; their ids are unlike those of a run before
our $city = Row->new;
our $picture = decode_base64(
    'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAaklEQVR42hWMQREAQQzCqqRKUBIl'
    . 'VYISlKDo9niSTGaGHTQw3OAhQ4eZZRctLLd4ydJ9QKyQQJywiKge+NV3/jswBPrCc+yh++87fOTo'
    . 'PWDWyL98xiamfiBsUP7EBYeE5oGyRf3DV1xSWj4Df0sBGwJqRQAAAABJRU5ErkJggg=='
);
our $body = FixMyStreet::DB::Result::Body->new(
    id           => 1,
    name         => 'City',
    endpoint     => $url,
    jurisdiction => $jurisdiction,
    api_key      => $key,
    send_method  => 'Open311',
    areas        => {},
);
my $user = Row->new( id => 7, name => 'Ann Example', email => 'ann@example.org' );
$body->comment_user($user);

sub holds {
    my ($what, $true, $seen) = @_;
    die "FixMyStreet: $what" . ( defined $seen ? ": $seen" : '' ) . "\n" unless $true;
}

sub open311 {
    return Open311->new(
        endpoint         => $url,
        api_key          => $key,
        jurisdiction     => $jurisdiction,
        fixmystreet_body => $body,
        @_
    );
}

# Every service becomes a category, the one with questions with its questions.
sub services_list {
    my $bodies = Rows->new( [$body] );
    Open311::PopulateServiceList->new( bodies => $bodies, verbose => 1 )->process_bodies;
    my @contacts = FixMyStreet::DB->resultset('Contact')->all;
    holds( '14 categories', @contacts == 14, scalar @contacts );
    my ($contact) = grep { $_->email eq $code } @contacts;
    holds( 'its name', $contact->category eq 'Abandoned Vehicle', $contact->category );
    my %fields = map { $_->{code} => $_ } @{ $contact->get_extra_fields };
    holds( 'a required field', $fields{HOWMANYD}{required} eq 'true' );
    holds( 'values', @{ $fields{FQSKA3}{values} } == 7 );
}

sub problem {
    my (%more) = @_;
    my $row = FixMyStreet::DB->resultset('Problem')->new( {
        id => 4711, title => '废弃车辆', detail => 'Without wheels, call 13812345678',
        name => 'Ann Example', user => $user, used_map => 1, latitude => 22.92 + $$ % 997 / 1e4,
        longitude => 113.4, cobrand => 'default', bodies => {}, state => 'confirmed',
        extra_fields => [ { name => 'HOWMANYD', value => 12 }, { name => 'FQSKA3', value => 'CRM' } ],
        send_method_used => 'Open311', lastupdate => DateTime->now->subtract( hours => 1 ), %more
    } );
    return $row->insert;
}

# FixMyStreet is told a token first, as the jurisdiction has it, and asks for the number.
sub reports {
    my $problem = problem();
    my $open311 = open311();
    my $extra = { url => 'https://fms.example.org/report/4711',
        image_url => 'https://fms.example.org/photo/4711.jpeg' };
    my $id = $open311->send_service_request( $problem, $extra, $code );
    holds( 'a number', $id && $id =~ /^[A-Z]+-\d{8}-\d+-\d$/, $open311->error || $id );
    $problem->external_id($id);
    $problem->whensent( DateTime->now->subtract( seconds => 2 ) );
    my ($request) = @{ $open311->get_service_requests( { report_ids => [$id] } ) };
    holds( 'its status', $request->{status} eq 'open', $request->{status} );
    holds( 'its text', $request->{description} =~ /废弃车辆.*138\*{4}5678/s, $request->{description} );
    return $problem;
}

# A photo as a file: of a report, and of an update.
sub uploads {
    my $open311 = open311( upload_files => 1, always_upload_photos => 1, multi_photos => 1 );
    my $problem = problem( id => 4712, longitude => 113.42, photo => 'one', detail => 'with a photo' );
    my $extra = { url => 'https://fms.example.org/report/4712', all_image_urls => [ 'a', 'b' ] };
    my $id = $open311->send_service_request( $problem, $extra, $code );
    holds( 'a report with a file', $id, $open311->error );
    $problem->external_id($id);
    my $update = open311( upload_files_for_updates => 1, always_upload_photos => 1 );
    my $comment = comment( $problem, 'Look at this', 'confirmed', photo => 'one', photos => [
        { url_full => '/photo/1.jpeg' } ] );
    holds( 'an update with a file', $update->post_service_request_update($comment), $update->error );
}

sub comment {
    my ($problem, $text, $state, %more) = @_;
    my $row = FixMyStreet::DB->resultset('Comment')->new( {
        id => $$ . '-' . ++$said, problem => $problem, text => $text, state => 'confirmed', user => $user,
        name => 'Ann Example', confirmed => DateTime->now, created => DateTime->now,
        problem_state => $state, send_state => 'unprocessed', %more
    } );
    return $row->insert;
}

# What its users say: all words for a state that it has.
sub updates_sent {
    my ($problem) = @_;
    my $poster = Open311::PostServiceRequestUpdates->new;
    my $sent = sub {
        my $comment = comment( $problem, @_ );
        $poster->process_update( $body, $comment );
        holds( "sent: $_[1]", $comment->send_state eq 'sent', $comment->send_fail_reason );
    };
    $body->send_extended_statuses(1);
    $sent->( "It is $_ there.", $_ )
        for ( 'confirmed', 'in progress', 'planned', 'investigating', 'for triage' );
    $body->send_extended_statuses(0);
    $sent->( 'It is gone.', 'fixed - user' );
}

sub updates_fetched {
    my ($problem) = @_;
    for ( 1 .. 100 ) {
        my $fetcher = Open311::GetServiceRequestUpdates->new(
            start_date => DateTime->now->subtract( hours => 1 ),
            end_date => DateTime->now->add( hours => 1 ), verbose => 1, system_user => $user );
        $fetcher->initialise_body($body);
        $fetcher->process_body;
        last if $problem->state ne 'confirmed';
        select undef, undef, undef, 0.1;
    }
    holds( 'the end is fetched', $problem->state eq 'fixed - council', $problem->state );
    my $last = $problem->comments->search( {}, { order_by => 'id' } )->first;
    holds( 'with words', length $last->text );
}

# The older way: the requests themselves are asked for.
sub requests_fetched {
    my ($problem) = @_;
    $problem->state('confirmed');
    $problem->lastupdate( DateTime->now->subtract( hours => 1 ) );
    my $fetcher = Open311::GetUpdates->new( system_user => $user, current_body => $body );
    $fetcher->initialise_body($body);
    $fetcher->update_reports( [$problem] );
    holds( 'the end by its request', $problem->state eq 'fixed - council', $problem->state );
}

sub refusals {
    my $open311 = open311( api_key => 'another' );
    holds( 'a wrong key', !$open311->send_service_request( problem( id => 9 ), { url => '' }, $code ) );
    holds( 'says why', $open311->error =~ /403: api_key/, $open311->error );
    $open311 = open311();
    my $bare = problem( id => 10, extra_fields => [] );
    holds( 'a missing answer', !$open311->send_service_request( $bare, { url => '' }, $code ) );
    holds( 'says which', $open311->error =~ /400: HOWMANYD required/, $open311->error );
}

services_list();
my $problem = reports();
uploads();
updates_sent($problem);
updates_fetched($problem);
requests_fetched($problem);
refusals();
print "FixMyStreet: 14 categories, 2 reports, a photo each way, 7 updates sent, ends fetched twice\n";
