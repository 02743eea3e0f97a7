/* What a C client does with the trust store, whatever TLS stack it has: open the store once, look at it before each
 * connection, take the service's anchors when they have changed, and have each served chain judged. */

#ifndef TRUST_H
#define TRUST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <trust_store.h>

struct trust {
    trust_store *store;  /* NULL: this program does without */
    const char *service; /* what it talks to */
    uint64_t changes;    /* the state that its TLS context was made of */
};

static inline void trust_log(void *context, int32_t level, const char *line)
{
    (void)context;
    fprintf(stderr, "trust store, level %d: %s\n", level, line);
}

/* Opens the store; false where there is nothing to trust, and the log has said why. A program that has every chain
 * judged loses nothing of the bundle; another one goes without the anchors that are trusted under constraints. */
static inline bool trust_open(struct trust *trust, const char *path, const char *seed, const char *service, bool judges)
{
    const trust_store_config config = {
        .struct_size = sizeof config,
        .store_path = path,
        .seed_path = seed,
        .judges = judges,
        .log = trust_log,
    };

    trust->service = service;
    return trust_store_open(&config, &trust->store) == TRUST_STORE_OK;
}

/* Looks at the store: true where a new TLS context is due. It costs 64 bytes read where nothing has changed. */
static inline bool trust_has_changed(const struct trust *trust)
{
    trust_store_snapshot snapshot = {.struct_size = sizeof snapshot};

    trust_store_refresh(trust->store); /* where it fails, what was read before stays in force */
    return trust_store_snapshot_read(trust->store, &snapshot) == TRUST_STORE_OK
        && snapshot.changes != trust->changes;
}

/* The service's anchors in PEM, to be freed, and the length with the NUL in *bytes; NULL where there are none. */
static inline char *trust_anchors(struct trust *trust, size_t *bytes)
{
    trust_store_snapshot snapshot = {.struct_size = sizeof snapshot};
    char *pem = NULL;
    size_t room = 0;
    int32_t code;

    do {
        trust_store_snapshot_read(trust->store, &snapshot);
        code = trust_store_anchors(trust->store, snapshot.changes, trust->service, TRUST_STORE_PEM,
                                   (uint8_t *)pem, room, bytes);
        if (code == TRUST_STORE_BUFFER_TOO_SMALL) {
            free(pem);
            room = *bytes;
            pem = malloc(room);
            if (pem == NULL)
                return NULL;
        }
    } while (code == TRUST_STORE_BUFFER_TOO_SMALL || code == TRUST_STORE_AGAIN);
    trust->changes = snapshot.changes;
    if (code == TRUST_STORE_OK && *bytes > 1)
        return pem;
    free(pem); /* no such service, or no anchor of it is left: nothing is trusted until the next change */
    return NULL;
}

/* Judges a served chain, the server's own certificate first; true where it verifies, else `words` says why not. */
static inline bool trust_judge(const struct trust *trust, const char *host, const uint8_t *const *certificates,
                               const size_t *lengths, size_t count, char *words, size_t words_bytes)
{
    const trust_store_chain chain = {
        .struct_size = sizeof chain,
        .service = trust->service,
        .host = host,
        .certificates = certificates,
        .certificate_bytes = lengths,
        .certificate_count = count,
    };
    trust_store_judgement judgement = {.struct_size = sizeof judgement};
    const int32_t answer = trust_store_judge(trust->store, &chain, &judgement);

    if (answer < 0)
        snprintf(words, words_bytes, "%s", trust_store_code_name(answer));
    else if (answer != TRUST_STORE_VERIFIED)
        snprintf(words, words_bytes, "%s: %.200s", trust_store_reason_name(judgement.reason), judgement.words);
    return answer == TRUST_STORE_VERIFIED;
}

#endif
