/* A client on GnuTLS that runs for long.
 *
 * untouched: one set of credentials with a CA file, read at the start and never again.
 * adapted: new credentials when the trust store has changed; and the trust store judges each chain after GnuTLS has,
 * under the constraints, pins and denials that certificates cannot carry. */

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "../c/protocol.h"
#include "../c/trust.h"

#define SERVED_MAX 16

static struct trust trust;
static bool is_loaded; /* false: nothing is trusted */
static gnutls_certificate_credentials_t credentials;
static char refusal[256]; /* why the chain of the connection being made is refused */

static bool load_file(const char *path)
{
    return gnutls_certificate_allocate_credentials(&credentials) == GNUTLS_E_SUCCESS
        && gnutls_certificate_set_x509_trust_file(credentials, path, GNUTLS_X509_FMT_PEM) > 0;
}

/* The new anchors; connections that are open must be closed before, as they refer to the credentials. */
static bool load_store(void)
{
    size_t bytes;
    char *pem = trust_anchors(&trust, &bytes);
    const gnutls_datum_t anchors = {(unsigned char *)pem, pem == NULL ? 0 : (unsigned int)(bytes - 1)};
    bool is_done;

    if (credentials != NULL)
        gnutls_certificate_free_credentials(credentials);
    credentials = NULL;
    is_done = pem != NULL && gnutls_certificate_allocate_credentials(&credentials) == GNUTLS_E_SUCCESS
        && gnutls_certificate_set_x509_trust_mem(credentials, &anchors, GNUTLS_X509_FMT_PEM) >= 0;
    free(pem);
    return is_done;
}

/* Called by GnuTLS once the chain is there; anything but 0 ends the handshake. */
static int verify(gnutls_session_t session)
{
    const char *host = gnutls_session_get_ptr(session);
    unsigned int status = 0, count = 0;
    const gnutls_datum_t *served = gnutls_certificate_get_peers(session, &count);
    const uint8_t *ders[SERVED_MAX];
    size_t lengths[SERVED_MAX];

    if (gnutls_certificate_verify_peers3(session, host, &status) != GNUTLS_E_SUCCESS || status != 0) {
        gnutls_datum_t text = {NULL, 0};

        gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0);
        snprintf(refusal, sizeof refusal, "%s", text.data == NULL ? "not verified" : (char *)text.data);
        gnutls_free(text.data);
        return GNUTLS_E_CERTIFICATE_ERROR;
    }
    if (trust.store == NULL)
        return 0;
    count = count > SERVED_MAX ? SERVED_MAX : count;
    for (unsigned int place = 0; place < count; place++) {
        ders[place] = served[place].data;
        lengths[place] = served[place].size;
    }
    return trust_judge(&trust, host, ders, lengths, count, refusal, sizeof refusal) ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

static enum outcome handshake(gnutls_session_t session, const char *host, char *words)
{
    char request[512], answer[64];
    ssize_t received;
    int code, length;

    gnutls_server_name_set(session, GNUTLS_NAME_DNS, host, strlen(host));
    gnutls_session_set_ptr(session, (void *)host);
    gnutls_session_set_verify_function(session, verify);
    refusal[0] = '\0';
    do
        code = gnutls_handshake(session);
    while (code < 0 && gnutls_error_is_fatal(code) == 0);
    if (code < 0) {
        snprintf(words, 256, "%s", refusal[0] ? refusal : gnutls_strerror(code));
        return refusal[0] ? REFUSED : FAILED;
    }
    length = snprintf(request, sizeof request, REQUEST_FORMAT, host);
    if (gnutls_record_send(session, request, (size_t)length) == length) {
        do /* a session ticket is no answer */
            received = gnutls_record_recv(session, answer, sizeof answer);
        while (received < 0 && gnutls_error_is_fatal((int)received) == 0);
        if (received > 0)
            return ACCEPTED;
    }
    snprintf(words, 256, "no answer");
    return FAILED;
}

static enum outcome visit(const char *host, const char *port, char *words)
{
    const int fd = tcp_connect(host, port);
    gnutls_session_t session = NULL;
    enum outcome outcome = FAILED;

    if (trust.store != NULL && trust_has_changed(&trust))
        is_loaded = load_store();
    if (!is_loaded) {
        snprintf(words, 256, "no anchor is left");
        outcome = REFUSED;
    } else if (fd < 0)
        snprintf(words, 256, "no connection");
    else if (gnutls_init(&session, GNUTLS_CLIENT) == GNUTLS_E_SUCCESS) {
        gnutls_set_default_priority(session);
        gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
        gnutls_transport_set_int(session, fd);
        gnutls_handshake_set_timeout(session, TIMEOUT_SECONDS * 1000);
        outcome = handshake(session, host, words);
        gnutls_deinit(session);
    }
    if (fd >= 0)
        close(fd);
    return outcome;
}

int main(int argc, char **argv)
{
    if (is_adapted(argc, argv))
        is_loaded = trust_open(&trust, needed("TRUST_STORE"), getenv("TRUST_SEED"), needed("TRUST_SERVICE"), true)
            && load_store();
    else
        is_loaded = load_file(needed("TRUST_FILE"));
    return is_loaded ? obey("gnutls", gnutls_check_version(NULL), visit) : 1;
}
