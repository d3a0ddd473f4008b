/* A counting SMTP sink: takes everything, counts finished messages and bytes, one thread, epoll.

   sink PORT-FILE: listens on a free port of 127.0.0.1, writes its number to the file, and on
   SIGTERM prints "MESSAGES BYTES RECIPIENTS-HASH" and ends. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM (1 << 18)

struct line {
    int in_data;
    size_t have; /* bytes kept: an unfinished command, or the last of a body */
    char kept[1024];
    char out[8192];
    size_t said;
};

static struct line *lines[65536];
static char room[ROOM + 1024];
static volatile sig_atomic_t over;
static uint64_t messages, bytes, readers;

static void stop(int number) { (void)number; over = 1; }

static void say(struct line *c, const char *words) {
    size_t n = strlen(words);
    if (c->said + n <= sizeof c->out) { memcpy(c->out + c->said, words, n); c->said += n; }
}

static void command(struct line *c, const char *at, size_t n) {
    if (n >= 4 && !strncasecmp(at, "EHLO", 4))
        say(c, "250-sink\r\n250-PIPELINING\r\n250-SIZE 50000000\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n");
    else if (n >= 4 && !strncasecmp(at, "DATA", 4)) { say(c, "354 go on\r\n"); c->in_data = 1; }
    else if (n >= 4 && !strncasecmp(at, "QUIT", 4)) say(c, "221 bye\r\n");
    else {
        if (n >= 4 && !strncasecmp(at, "RCPT", 4)) {
            uint64_t h = 1469598103934665603ull; /* FNV-1a; the sum does not depend on the order */
            for (size_t i = 0; i < n; i++) if (at[i] != '\r') h = (h ^ (unsigned char)at[i]) * 1099511628211ull;
            readers += h;
        }
        say(c, "250 ok\r\n");
    }
}

static void read_all(struct line *c, char *at, size_t n) {
    char *end = at + n;
    while (at < end) {
        if (c->in_data) {
            char *dot = memmem(at, (size_t)(end - at), "\r\n.\r\n", 5);
            if (!dot) break;
            messages++; c->in_data = 0; say(c, "250 2.0.0 taken\r\n");
            at = dot + 5;
        } else {
            char *lf = memchr(at, '\n', (size_t)(end - at));
            if (!lf) break;
            command(c, at, (size_t)(lf - at));
            at = lf + 1;
        }
    }
    size_t left = (size_t)(end - at), keep = c->in_data && left > 4 ? 4 : left;
    if (keep > sizeof c->kept) keep = sizeof c->kept;
    memcpy(c->kept, end - keep, keep);
    c->have = keep;
}

int main(int count, char **words) {
    if (count != 2) return 2;
    int one = 1, ear = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), poll = epoll_create1(0);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    setsockopt(ear, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(ear, (void *)&here, size) || listen(ear, 512)) return 1;
    getsockname(ear, (void *)&here, &size);
    struct sigaction act = {.sa_handler = stop};
    sigaction(SIGTERM, &act, 0);
    signal(SIGPIPE, SIG_IGN);
    struct epoll_event e = {.events = EPOLLIN, .data.fd = ear}, got[64];
    epoll_ctl(poll, EPOLL_CTL_ADD, ear, &e);
    FILE *f = fopen(words[1], "w");
    fprintf(f, "%d\n", ntohs(here.sin_port));
    fclose(f);
    while (!over) {
        int n = epoll_wait(poll, got, 64, 200);
        for (int i = 0; i < n; i++) {
            int fd = got[i].data.fd;
            if (fd == ear) {
                int new = accept4(ear, 0, 0, SOCK_NONBLOCK);
                if (new < 0) continue;
                setsockopt(new, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                lines[new] = calloc(1, sizeof **lines);
                e.events = EPOLLIN; e.data.fd = new;
                epoll_ctl(poll, EPOLL_CTL_ADD, new, &e);
                if (write(new, "220 sink\r\n", 10) < 0) { }
                continue;
            }
            struct line *c = lines[fd];
            size_t had = c->have;
            memcpy(room, c->kept, had);
            ssize_t more = recv(fd, room + had, ROOM, 0);
            if (more <= 0) {
                if (more < 0 && errno == EAGAIN) continue;
                close(fd); free(c); lines[fd] = 0; continue;
            }
            bytes += (uint64_t)more;
            c->have = 0;
            read_all(c, room, had + (size_t)more);
            if (c->said) { if (write(fd, c->out, c->said) < 0) { } c->said = 0; }
        }
    }
    printf("%llu %llu %llu\n", (unsigned long long)messages, (unsigned long long)bytes, (unsigned long long)readers);
    return 0;
}
