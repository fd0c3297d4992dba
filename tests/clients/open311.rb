# The Ruby client (gem open311) as its own README uses it, in both formats.
#
#   ruby -I CHECKOUT/lib open311.rb URL KEY
require 'hashie'
require 'logger'
require 'open311'

# The client was written for a Faraday whose multipart encoder made forms, too.
Faraday::Request::Multipart.prepend(Module.new do
  def call(env)
    plain = env.body.is_a?(Hash) && !has_multipart?(env.body)
    plain ? Faraday::Request::UrlEncoded.new(@app).call(env) : super
  end
end)
Hashie.logger = Logger.new(File::NULL) # it warns of members like key

url, key = ARGV
code = '4ffa4c69601827691b000018'

def holds(what, seen = nil)
  abort "Ruby's open311: #{what}: #{seen.inspect}" unless yield
end

%w[xml json].each do |format|
  client = Open311.new(endpoint: "#{url}/open311/v2/", api_key: key, format: format,
                       jurisdiction: 'cityofchicago.org')
  list = client.service_list
  holds("#{format}: 14 services", list.size) { list.size == 14 }
  holds("#{format}: the first", list[0]) { list[0].service_name == 'Abandoned Vehicle' }
  definition = client.service_definition(code)
  questions = definition.attributes
  questions = questions.attribute if format == 'xml'
  holds("#{format}: questions", questions) { questions.any? { |q| q['code'] == 'HOWMANYD' } }

  answer = client.post_service_request(
    service_code: code, lat: 22.97, long: 113.36, description: "by Ruby, #{format}",
    attribute: { 'HOWMANYD' => 3, 'FQSKA3' => 'CRM' }
  )
  token = (format == 'xml' ? answer : answer[0]).token
  holds("#{format}: a token", answer) { token =~ /\At\d+\z/ }
  found = client.request_id_from_token(token)
  id = (format == 'xml' ? found : found[0]).service_request_id
  request = client.get_service_request(id)
  request = request[0] if format == 'json'
  holds("#{format}: the request", request) { request.service_code == code }
  requests = client.service_requests(status: 'open')
  holds("#{format}: it is listed") { requests.any? { |one| one.service_request_id == id } }
  none = client.service_requests(status: 'closed', service_code: '4ffa995a6018277d4000003c')
  holds("#{format}: an empty list", none) { none.empty? }

  begin
    client.post_service_request(service_code: code, lat: 22.97, long: 113.36)
    abort "Ruby's open311: #{format}: a missing answer is taken"
  rescue Open311::BadRequest
    nil
  end
end
puts "Ruby's open311 #{Open311::Version}: XML and JSON, 2 requests, their tokens, a refusal each"
