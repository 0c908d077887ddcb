#!/bin/bash
# kcat (librdkafka) against the broker at $BOOTSTRAP: one line per check that passed, exit 1 at the first that did not.
set -u -o pipefail
B=${BOOTSTRAP:?set BOOTSTRAP to host:port}
RUN=kcat-$$-$RANDOM
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
check() { if [ "$2" = "$3" ]; then echo "ok kcat $1"; else echo "FAILED kcat $1: expected '$2', got '$3'"; exit 1; fi; }
K="timeout 30 kcat -b $B -q"

check "metadata lists one broker" " 1 brokers:" "$(timeout 30 kcat -b "$B" -L | grep brokers)"

printf 'a:1\nb:2\nc:3\n' | $K -P -t "$RUN" -K: || exit 1
check "keys and values come back" "a=1 b=2 c=3 " "$($K -C -t "$RUN" -e -f '%k=%s ')"
check "offsets count from 0" "0 1 2 " "$($K -C -t "$RUN" -e -f '%o ')"
check "a consumer starts at an offset" "3 " "$($K -C -t "$RUN" -o 2 -e -f '%s ')"
check "a consumer starts near the end" "2 3 " "$($K -C -t "$RUN" -o -2 -e -f '%s ')"

printf 'x' | $K -P -t "$RUN-h" -H one=1 -H two=zwei || exit 1
check "headers come back" "one=1,two=zwei" "$($K -C -t "$RUN-h" -e -f '%h')"

seq 1 20000 > "$TMP/in"
for codec in none gzip snappy lz4 zstd; do
    $K -P -t "$RUN-$codec" -z "$codec" -X linger.ms=20 -l "$TMP/in" || exit 1
    $K -C -t "$RUN-$codec" -e -X check.crcs=true > "$TMP/out" || exit 1
    check "20000 records with compression $codec" "$(md5sum < "$TMP/in")" "$(md5sum < "$TMP/out")"
done

$K -P -t "$RUN-idem" -X enable.idempotence=true -l "$TMP/in" || exit 1
check "an idempotent producer" 20000 "$($K -C -t "$RUN-idem" -e | wc -l)"
for acks in 0 1; do
    $K -P -t "$RUN-acks$acks" -X acks=$acks -l "$TMP/in" || exit 1
    check "acks=$acks" 20000 "$($K -C -t "$RUN-acks$acks" -e | wc -l)"
done

head -c 900000 /dev/zero | tr '\0' z > "$TMP/big"
$K -P -t "$RUN-big" "$TMP/big" || exit 1
check "a record of 900 kB" 900000 "$($K -C -t "$RUN-big" -e -D '' | tr -d '\n' | wc -c)"

stamp=$($K -C -t "$RUN" -o 1 -c 1 -f '%T')
check "an offset by time" "$RUN [0] offset 0" "$($K -Q -t "$RUN:0:$((stamp - 60000))" 2>&1)"

group() { $K -G "$RUN-g" -X auto.offset.reset=earliest -X session.timeout.ms=6000 "$@"; }
check "a group reads from the beginning" "1 2 3 " "$(group -c 3 -f '%s ' "$RUN" 2>/dev/null)"
printf 'd:4\n' | $K -P -t "$RUN" -K: || exit 1
check "the group goes on where it stopped" "4 " "$(group -c 1 -f '%s ' "$RUN" 2>/dev/null)"
