/* A relay some time away: passes every byte on, each a fixed time after it came.
 *
 * Usage: away PORT MICROSECONDS FILE. Listens on a free port of 127.0.0.1, written to FILE, and
 * connects each client to PORT. What is on its way is a queue, so a second piece does not wait for
 * the first. Ends with SIGTERM.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LINKS 64
#define PIECE 65536

struct piece {
    struct piece *next;
    long long due;
    ssize_t length, done; /* length 0: the end */
    char bytes[];
};

struct way {
    int from, to, open;
    struct piece *first, **last;
};

static struct way ways[2 * LINKS];
static int used;
static char buffer[PIECE];

static long long now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void begin(int from, int to) {
    struct way *way = &ways[used++];
    *way = (struct way){from, to, 1, NULL, NULL};
    way->last = &way->first;
}

static void take(struct way *way, long long late) {
    ssize_t got = recv(way->from, buffer, sizeof buffer, 0);
    if (got <= 0) {
        got = 0;
        way->open = 0;
    }
    struct piece *piece = malloc(sizeof *piece + got);
    *piece = (struct piece){NULL, now() + late, got, 0};
    memcpy(piece->bytes, buffer, got);
    *way->last = piece;
    way->last = &piece->next;
}

static void give(struct way *way) {
    while (way->first && way->first->due <= now()) {
        struct piece *piece = way->first;
        if (piece->length) {
            ssize_t sent = send(way->to, piece->bytes + piece->done, piece->length - piece->done,
                                MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent > 0) piece->done += sent;
            if (piece->done < piece->length) {
                if (sent >= 0) continue;
                piece->due = now() + 100000; /* it does not read: again in 0.1 ms */
                return;
            }
        } else {
            shutdown(way->to, SHUT_WR);
        }
        way->first = piece->next;
        if (!way->first) way->last = &way->first;
        free(piece);
    }
}

static void join(int listener, struct sockaddr_in target) {
    int client = accept(listener, NULL, NULL), one = 1;
    if (client < 0) return;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (used + 2 > 2 * LINKS || connect(server, (struct sockaddr *)&target, sizeof target) < 0) {
        close(client);
        close(server);
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    begin(client, server);
    begin(server, client);
}

int main(int count, char **words) {
    if (count != 4) return 2;
    long long late = atoll(words[2]) * 1000;
    struct sockaddr_in here = {.sin_family = AF_INET}, target = here;
    here.sin_addr.s_addr = target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    target.sin_port = htons(atoi(words[1]));
    socklen_t size = sizeof here;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&here, size) || listen(listener, LINKS)) return 1;
    getsockname(listener, (struct sockaddr *)&here, &size);
    FILE *told = fopen(words[3], "w");
    fprintf(told, "%d\n", ntohs(here.sin_port));
    fclose(told);
    for (;;) {
        struct pollfd polled[2 * LINKS + 1] = {{listener, POLLIN, 0}};
        long long next = 0;
        for (int each = 0; each < used; each++) {
            struct way *way = &ways[each];
            polled[each + 1] = (struct pollfd){way->open ? way->from : -1, POLLIN, 0};
            if (way->first && (!next || way->first->due < next)) next = way->first->due;
        }
        long long wait = next - now();
        if (wait < 0) wait = 0;
        struct timespec until = {wait / 1000000000LL, wait % 1000000000LL};
        if (ppoll(polled, used + 1, next ? &until : NULL, NULL) < 0) return 1;
        for (int each = 0; each < used; each++) {
            if (polled[each + 1].revents) take(&ways[each], late);
        }
        for (int each = 0; each < used; each++) give(&ways[each]);
        if (polled[0].revents) join(listener, target);
    }
}
