#!/bin/sh
# Compiles connect.bpf.c to connect.bpf.o, or to the file named. Needs clang and linux-libc-dev; the object says in its
# section `source` of which text and by which clang it was made.
set -eu
here=$(dirname "$(readlink -f "$0")")
digest=$(sha256sum "$here/connect.bpf.c" | cut -d ' ' -f 1)
# -mcpu=v2: what every kernel since 4.14 takes. The architecture's own headers are where its compiler looks for them.
exec clang -target bpfel -mcpu=v2 -O2 -g0 -fno-addrsig -Wall -Werror -I "/usr/include/$(uname -m)-linux-gnu" \
  "-DSOURCE_DIGEST=\"$digest\"" -c "$here/connect.bpf.c" -o "${1-$here/connect.bpf.o}"
