/* Names to addresses without waiting: getaddrinfo can block for seconds, so a thread calls it, which lives for as long as there are
 * questions, and an eventfd says when there is an answer. */
#ifndef SAMPLE_RESOLVER_H
#define SAMPLE_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest address, IPv6. */
#define ADDRESS_BYTES_MAX 16

/* Called on the event loop's thread; 4 or 16 bytes, or 0 where the name has no address. */
typedef void resolver_answer(void *context, uint32_t ticket, const uint8_t *address, size_t address_bytes);

/* Prepares for questions. The descriptor is readable when resolver_deliver has something to do; -1 and errno where it cannot be. */
int resolver_start(void);

/* Asks for a name. False where too many questions are open or the name is too long. */
bool resolver_ask(const char *host, uint32_t ticket, resolver_answer *answer, void *context);

/* Calls back for each answer that has come. */
void resolver_deliver(void);

#endif
