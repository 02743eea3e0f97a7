/* How wolfSSL is built for the emulated board: the client side of TLS 1.2 and 1.3, as lean as a small device has it.
 *
 * On a real MT3620 wolfSSL belongs to the operating system (TARGET_API_SET 6 and later) and this file plays no part. */
#ifndef BOARD_WOLFSSL_USER_SETTINGS_H
#define BOARD_WOLFSSL_USER_SETTINGS_H

/* The application's own connection: a client, over whatever version the service speaks. IoT Hub is TLS 1.2 only. */
#define NO_WOLFSSL_SERVER
#define WOLFSSL_TLS13
#define NO_OLD_TLS
#define HAVE_TLS_EXTENSIONS
#define HAVE_SUPPORTED_CURVES
#define HAVE_EXTENDED_MASTER
#define HAVE_SNI
#define HAVE_HKDF
#define WC_RSA_PSS
#define NO_PSK
#define NO_SESSION_CACHE
#define WOLFSSL_NO_TLS12_SHA1
#define NO_WOLFSSL_STUB

/* Certificates as the public internet has them: RSA and P-256 or P-384, SHA-256 and longer. */
#define HAVE_ECC
#define ECC_USER_CURVES
#define HAVE_ECC384
#define TFM_TIMING_RESISTANT
#define ECC_TIMING_RESISTANT
#define WC_RSA_BLINDING
#define WOLFSSL_SHA384
#define WOLFSSL_SHA512
#define HAVE_AESGCM
#define GCM_SMALL
#define HAVE_CHACHA
#define HAVE_POLY1305
#define NO_DSA
#define NO_DH
#define NO_RC4
#define NO_MD4
#define NO_MD5
#define NO_DES3
#define NO_PWDBASED
#define NO_PKCS12
#define NO_PKCS8
/* A candidate anchor may be a root that another root has cross-signed: any trusted certificate may end the chain. */
#define WOLFSSL_ALT_CERT_CHAINS

/* Small numbers, small code; 4,096-bit RSA keys are the longest. Both curves have code of their own: in the general one a
 * point takes what the longest RSA key needs, 3 KiB. */
#define WOLFSSL_SP_MATH_ALL
#define WOLFSSL_SP_SMALL
#define WOLFSSL_HAVE_SP_ECC
#define WOLFSSL_SP_384
#define SP_INT_BITS 4096
#define WOLFSSL_SMALL_STACK
#define USE_SLOW_SHA512

/* The platform: musl, sockets, one thread that speaks TLS, no files. */
#define SINGLE_THREADED
#define NO_FILESYSTEM
#define NO_WRITEV
#define NO_ERROR_STRINGS
#define WOLFSSL_IGNORE_FILE_WARN
#define SIZEOF_LONG_LONG 8
#define SIZEOF_LONG 4

#endif
