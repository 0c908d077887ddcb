"""kafka-python against the broker at $BOOTSTRAP: one line per check that passed, exit 1 at the first that did not."""
import os
import sys
import uuid

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.errors import TopicAlreadyExistsError
from kafka.structs import OffsetAndMetadata

BOOTSTRAP = os.environ["BOOTSTRAP"]
RUN = "python-" + uuid.uuid4().hex[:8]


def check(what, expected, actual):
    if expected != actual:
        print(f"FAILED kafka-python {what}: expected {expected!r}, got {actual!r}")
        sys.exit(1)
    print(f"ok kafka-python {what}")


def consume(group, count, **options):
    consumer = KafkaConsumer(RUN, bootstrap_servers=BOOTSTRAP, group_id=group, auto_offset_reset="earliest",
                             consumer_timeout_ms=10000, enable_auto_commit=False, **options)
    got = []
    for record in consumer:
        got.append(record)
        if len(got) == count:
            break
    return consumer, got


admin = KafkaAdminClient(bootstrap_servers=BOOTSTRAP)
admin.create_topics([NewTopic(RUN, num_partitions=2, replication_factor=1, topic_configs={"retention.ms": "3600000"})])
check("the topic is listed", True, RUN in admin.list_topics())
try:
    admin.create_topics([NewTopic(RUN, num_partitions=2, replication_factor=1)])
    check("a topic exists once", "TopicAlreadyExistsError", "no error")
except TopicAlreadyExistsError:
    check("a topic exists once", True, True)

configs = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, RUN)])
values = {entry[0]: entry[1] for entry in configs[0].resources[0][4]}
check("a topic's settings", ("3600000", "delete"), (values["retention.ms"], values["cleanup.policy"]))

sent = 0
for codec in (None, "gzip"):
    producer = KafkaProducer(bootstrap_servers=BOOTSTRAP, compression_type=codec, acks="all")
    for i in range(500):
        producer.send(RUN, key=b"k%d" % i, value=b"v%d" % i, headers=[("h", b"1")])
    producer.flush()
    producer.close()
    sent += 500
consumer, got = consume(RUN + "-g", sent)
check("1000 records in two partitions", 1000, len(got))
check("headers", [("h", b"1")], got[0].headers)
end = consumer.end_offsets([TopicPartition(RUN, 0), TopicPartition(RUN, 1)])
check("end offsets", 1000, sum(end.values()))
first = consumer.beginning_offsets([TopicPartition(RUN, 0)])
check("beginning offsets", 0, first[TopicPartition(RUN, 0)])
by_time = consumer.offsets_for_times({TopicPartition(RUN, 0): 0})
check("offsets by time", 0, by_time[TopicPartition(RUN, 0)].offset)
consumer.commit({TopicPartition(RUN, p): OffsetAndMetadata(end[TopicPartition(RUN, p)] - 5, "note") for p in (0, 1)})
check("committed offset", end[TopicPartition(RUN, 0)] - 5, consumer.committed(TopicPartition(RUN, 0)))
consumer.close()

consumer, got = consume(RUN + "-g", 10)
check("the group goes on where it committed", 10, len(got))
consumer.close()

check("the group is listed", True, RUN + "-g" in [g[0] for g in admin.list_consumer_groups()])
check("the group is empty", "Empty", admin.describe_consumer_groups([RUN + "-g"])[0].state)
offsets = admin.list_consumer_group_offsets(RUN + "-g")
check("the group's offsets", {"note"}, {o.metadata for o in offsets.values()})
admin.delete_topics([RUN])
check("the topic is gone", False, RUN in admin.list_topics())
