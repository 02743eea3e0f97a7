#!/bin/sh
# Makes what the adapters' own tests need, in the folder $1: two roots, `old` and `new`, and a server of `localhost` under each.
set -eu
cd "$1"
for name in old new; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=The $name root" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign \
        -keyout $name-root.key -out $name-root.pem
    printf 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n' >$name.extensions
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
        -keyout $name.key -out $name.request
    openssl x509 -req -in $name.request -CA $name-root.pem -CAkey $name-root.key -CAcreateserial -days 365 \
        -extfile $name.extensions -out $name.pem
    openssl pkcs12 -export -in $name.pem -inkey $name.key -passout pass:secret -out $name.p12
done 2>errors || { cat errors >&2; exit 1; }
