/* For the tests of notices: a small SMTP server on loopback that keeps what it is given. An address
 * that begins with "nobody" is refused for good, one with "later" for now. Included by one test
 * program. */
#ifndef HUYING_INTAKE_CALLBACK_TEST_MAIL_H
#define HUYING_INTAKE_CALLBACK_TEST_MAIL_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAILS_MAX 64
#define MAIL_SIZE 8000

struct mail {
    char from[128], to[128], data[MAIL_SIZE];
};

static struct {
    int socket;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock;
    struct mail list[MAILS_MAX];
    size_t count;
} mails = {.lock = PTHREAD_MUTEX_INITIALIZER};

static inline const char *mail_line(struct mail *mail, const char *line, bool *data)
{
    if (strncmp(line, "EHLO", 4) == 0 || strncmp(line, "HELO", 4) == 0)
        return "250 here\r\n";
    if (sscanf(line, "MAIL FROM:%127s", mail->from) == 1)
        return "250 ok\r\n";
    if (sscanf(line, "RCPT TO:%127s", mail->to) == 1)
        return strncmp(mail->to, "<nobody", 7) == 0  ? "550 no such user\r\n"
               : strncmp(mail->to, "<later", 6) == 0 ? "451 later\r\n"
                                                     : "250 ok\r\n";
    *data = strncmp(line, "DATA", 4) == 0;
    return *data ? "354 go on\r\n" : strncmp(line, "QUIT", 4) == 0 ? "221 bye\r\n" : "250 ok\r\n";
}

static inline void mail_serve(FILE *in, int fd)
{
    struct mail mail = {{0}, {0}, {0}};
    char line[2000];
    bool data = false;
    size_t used = 0;
    (void)!write(fd, "220 test\r\n", 10);
    while (fgets(line, sizeof line, in)) {
        if (data && strcmp(line, ".\r\n") != 0) {
            used += (size_t)snprintf(mail.data + used, sizeof mail.data - used, "%s", line);
            continue;
        }
        const char *answer = data ? "250 kept\r\n" : mail_line(&mail, line, &data);
        if (answer[0] == '2' && strcmp(answer, "250 kept\r\n") == 0) {
            data = false;
            used = 0;
            (void)pthread_mutex_lock(&mails.lock);
            mails.list[mails.count++ % MAILS_MAX] = mail;
            (void)pthread_mutex_unlock(&mails.lock);
        }
        (void)!write(fd, answer, strlen(answer));
    }
}

static inline void *mail_run(void *unused)
{
    (void)unused;
    for (int fd; (fd = accept(mails.socket, NULL, NULL)) >= 0;) {
        FILE *in = fdopen(fd, "r");
        mail_serve(in, fd);
        (void)fclose(in);
    }
    return NULL;
}

static inline void mail_start(void)
{
    struct sockaddr_in address = {
            .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    mails.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(mails.socket, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(mails.socket, 16), 0);
    assert_int_equal(getsockname(mails.socket, (struct sockaddr *)&address, &size), 0);
    mails.port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&mails.thread, NULL, mail_run, NULL), 0);
}

static inline void mail_stop(void)
{
    (void)shutdown(mails.socket, SHUT_RDWR);
    (void)pthread_join(mails.thread, NULL);
    close(mails.socket);
}

#endif
