/* A client on libcurl that runs for long.
 *
 * untouched: one easy handle with CURLOPT_CAINFO, as long-running programs keep one for its connections. libcurl itself
 * keeps what it read of the file for a day (CURLOPT_CA_CACHE_TIMEOUT), and its TLS sessions.
 * adapted: a new easy handle, with CURLOPT_CAINFO_BLOB, when the trust store has changed. Anchors that are trusted under
 * constraints are left out, as libcurl has no hook of its own for a chain; a program that knows which TLS stack its
 * libcurl has sets that stack's in CURLOPT_SSL_CTX_FUNCTION. */

#include <curl/curl.h>

#include "../c/protocol.h"
#include "../c/trust.h"

static struct trust trust;
static bool is_loaded; /* false: nothing is trusted */
static CURL *easy;

/* The body is of no interest. */
static size_t swallow(char *bytes, size_t size, size_t count, void *unused)
{
    (void)bytes;
    (void)unused;
    return size * count;
}

static bool begin(void)
{
    curl_easy_cleanup(easy); /* and with it its connections and sessions; NULL is none */
    easy = curl_easy_init();
    return easy != NULL && curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow) == CURLE_OK
        && curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_0) == CURLE_OK
        && curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)TIMEOUT_SECONDS) == CURLE_OK
        && curl_easy_setopt(easy, CURLOPT_NOPROXY, "*") == CURLE_OK
        /* Each visit is a new connection. */
        && curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK;
}

static bool load_store(void)
{
    struct curl_blob blob = {.flags = CURL_BLOB_COPY};
    size_t bytes;
    char *pem = trust_anchors(&trust, &bytes);
    bool is_done;

    blob.data = pem;
    blob.len = pem == NULL ? 0 : bytes - 1;
    is_done = pem != NULL && begin() && curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob) == CURLE_OK
        && curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK;
    free(pem);
    return is_done;
}

static enum outcome visit(const char *host, const char *port, char *words)
{
    char url[512];
    CURLcode code;

    if (trust.store != NULL && trust_has_changed(&trust))
        is_loaded = load_store();
    if (!is_loaded) { /* a handle without anchors would take those of the system */
        snprintf(words, 256, "no anchor is left");
        return REFUSED;
    }
    snprintf(url, sizeof url, "https://%s:%s/", host, port);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    code = curl_easy_perform(easy);
    snprintf(words, 256, "%s", curl_easy_strerror(code));
    if (code == CURLE_OK)
        return ACCEPTED;
    return code == CURLE_PEER_FAILED_VERIFICATION ? REFUSED : FAILED;
}

int main(int argc, char **argv)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (is_adapted(argc, argv))
        is_loaded = trust_open(&trust, needed("TRUST_STORE"), getenv("TRUST_SEED"), needed("TRUST_SERVICE"), false)
            && load_store();
    else
        is_loaded = begin() && curl_easy_setopt(easy, CURLOPT_CAINFO, needed("TRUST_FILE")) == CURLE_OK
            && curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK;
    return is_loaded ? obey("curl", curl_version_info(CURLVERSION_NOW)->version, visit) : 1;
}
