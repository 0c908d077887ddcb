#!/bin/bash
# Apache Kafka's own tools against the broker at $BOOTSTRAP: a line per check that passed, exit 1 at the first that did
# not.
# $KAFKA is a command that runs a tool by its name without "kafka-" and ".sh": "$KAFKA topics --list".
set -u -o pipefail
B=${BOOTSTRAP:?set BOOTSTRAP to host:port}
KAFKA=${KAFKA:?set KAFKA to the command that runs the tools}
export TOOL_TIER=1
RUN=java-$$-$RANDOM
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT
check() { if [ "$2" = "$3" ]; then echo "ok java $1"; else echo "FAILED java $1: expected '$2', got '$3'"; exit 1; fi; }
has() { if grep -q -- "$2" <<< "$3"; then echo "ok java $1"; else echo "FAILED java $1: no '$2' in '$3'"; exit 1; fi; }
t() { timeout 90 "$KAFKA" "$@"; }

has "topics --create" "Created topic" \
    "$(t topics --bootstrap-server "$B" --create --topic "$RUN" --partitions 2 --config retention.ms=3600000 2>&1)"
has "topics --create, replication factor 3" "INVALID_REPLICATION_FACTOR\|InvalidReplicationFactor" \
    "$(t topics --bootstrap-server "$B" --create --topic "$RUN-3" --replication-factor 3 2>&1)"
has "topics --describe" "PartitionCount: 2.*retention.ms=3600000" \
    "$(t topics --bootstrap-server "$B" --describe --topic "$RUN" 2>&1)"
has "configs --describe --all, topic" "retention.ms=3600000 .*DYNAMIC_TOPIC_CONFIG" \
    "$(t configs --bootstrap-server "$B" --describe --all --topic "$RUN" 2>&1)"
has "configs --describe --all, broker" "num.partitions=" \
    "$(t configs --bootstrap-server "$B" --describe --all --broker 1 2>&1)"

seq 1 2000 > "$TMP/in"
for codec in none gzip snappy lz4 zstd; do
    sed "s/^/$codec-/" "$TMP/in" | tee -a "$TMP/all" | t console-producer --bootstrap-server "$B" --topic "$RUN" \
        --compression-codec "$codec" > "$TMP/err" 2>&1 || { cat "$TMP/err"; exit 1; }
done
group() {
    t console-consumer --bootstrap-server "$B" --topic "$RUN" --group "$RUN-g" --from-beginning --max-messages "$1" \
        --timeout-ms 20000 2> /dev/null
}
check "a group reads what idempotent producers wrote with every compression" "$(sort "$TMP/all" | md5sum)" \
    "$(group 10000 | sort | md5sum)"
head -10 "$TMP/in" | t console-producer --bootstrap-server "$B" --topic "$RUN" > /dev/null 2>&1 || exit 1
check "the group goes on where it stopped" 10 "$(group 10 | wc -l)"
check "consumer-groups --describe: everything is committed" 10010 \
    "$(t consumer-groups --bootstrap-server "$B" --describe --group "$RUN-g" 2>&1 |
        awk -v t="$RUN" '$2 == t { sum += $4 } END { print sum }')"
has "consumer-groups --list --state" "$RUN-g.*Empty" "$(t consumer-groups --bootstrap-server "$B" --list --state 2>&1)"
has "consumer-groups --reset-offsets" "$RUN " \
    "$(t consumer-groups --bootstrap-server "$B" --reset-offsets --to-earliest --topic "$RUN" --group "$RUN-g" \
        --execute 2>&1)"
check "the group begins anew" 10010 "$(group 10010 | wc -l)"
has "consumer-groups --delete" "successful" \
    "$(t consumer-groups --bootstrap-server "$B" --delete --group "$RUN-g" 2>&1)"
check "get-offsets --time latest" 10010 \
    "$(t get-offsets --bootstrap-server "$B" --topic "$RUN" 2>/dev/null | awk -F: '{ sum += $3 } END { print sum }')"
has "broker-api-versions" "Produce(0): 0 to 13" "$(t broker-api-versions --bootstrap-server "$B" 2>&1)"
t topics --bootstrap-server "$B" --delete --topic "$RUN" > /dev/null 2>&1 || exit 1
check "topics --delete" 0 "$(t topics --bootstrap-server "$B" --list 2>/dev/null | grep -cx "$RUN")"
