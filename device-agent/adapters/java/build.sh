#!/bin/sh
# Makes $1/trust-adapter.jar with the JDK alone: what `mvn package` makes with Maven.
set -eu
here=$(dirname "$0")
mkdir -p "$1/classes"
javac --release 11 -Xlint:all -Werror -d "$1/classes" "$here"/src/main/java/trustadapter/*.java
jar --create --file "$1/trust-adapter.jar" --manifest "$here/manifest.mf" -C "$1/classes" trustadapter
