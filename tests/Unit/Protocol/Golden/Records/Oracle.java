import java.io.*;
import java.nio.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.*;
import org.apache.kafka.common.record.internal.*;

// Oracle write DIR: batches of every compression, as Kafka's own client writes them.
// Oracle snappy FROM TO: a file as one raw block, by Google's snappy, which librdkafka and Go clients send.
// Oracle read FILE...: prints what it reads from batches: one line a batch, one a checksum of its records.
// Run: java -cp "KAFKA/lib/*" Oracle.java ARGS (Kafka 4.3).
public final class Oracle {
    public static void main(String[] args) throws Exception {
        if (args[0].equals("write")) write(Paths.get(args[1]));
        else if (args[0].equals("snappy")) Files.write(Paths.get(args[2]), org.xerial.snappy.Snappy.compress(Files.readAllBytes(Paths.get(args[1]))));
        else for (int i = 1; i < args.length; i++) read(Paths.get(args[i]));
    }
    static void write(Path dir) throws Exception {
        for (String name : new String[] {"none", "gzip", "snappy", "lz4", "zstd"}) {
            for (int kind = 0; kind < 2; kind++) {
                ByteBuffer buffer = ByteBuffer.allocate(1 << 22);
                MemoryRecordsBuilder b = new MemoryRecordsBuilder(buffer, RecordBatch.MAGIC_VALUE_V2, Compression.of(name).build(),
                    TimestampType.CREATE_TIME, 100L, 0L, kind == 1 ? 4000L : -1L, (short) (kind == 1 ? 7 : -1), kind == 1 ? 11 : -1, kind == 1, false, 5, 1 << 22);
                int count = kind == 0 ? 3 : 200;
                for (int i = 0; i < count; i++) {
                    byte[] key = i % 3 == 2 ? null : ("key-" + i).getBytes(StandardCharsets.UTF_8);
                    byte[] value = i % 7 == 3 ? null : ("{\"id\":" + i + ",\"name\":\"customer " + (i * 7919 % 1000) + "\",\"amount\":" + (i * 31) + ",\"city\":\"Zürich\"}").getBytes(StandardCharsets.UTF_8);
                    Header[] headers = i % 2 == 0 ? new Header[0] : new Header[] {new RecordHeader("trace", new byte[] {(byte) i, 1}), new RecordHeader("none", (byte[]) null)};
                    b.append(1700000000000L + i * 3, key, value, headers);
                }
                ByteBuffer out = b.build().buffer();
                byte[] bytes = new byte[out.remaining()]; out.get(bytes);
                Files.write(dir.resolve("java-" + name + "-" + count + ".bin"), bytes);
            }
        }
    }
    static void read(Path file) throws Exception {
        MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(Files.readAllBytes(file)));
        for (MutableRecordBatch batch : records.batches()) {
            batch.ensureValid();
            System.out.println("batch " + batch.compressionType().name + " " + batch.baseOffset() + " " + batch.lastOffset() + " " + batch.maxTimestamp() + " "
                + batch.producerId() + " " + batch.producerEpoch() + " " + batch.baseSequence() + " " + batch.isTransactional() + " " + batch.isControlBatch() + " " + batch.countOrNull());
            java.util.zip.CRC32 crc = new java.util.zip.CRC32();
            int n = 0;
            for (org.apache.kafka.common.record.internal.Record r : batch) {
                n++;
                StringBuilder s = new StringBuilder();
                s.append(r.offset()).append(' ').append(r.timestamp()).append(' ').append(text(r.key())).append(' ').append(text(r.value()));
                for (Header h : r.headers()) s.append(' ').append(h.key()).append('=').append(text(h.value() == null ? null : ByteBuffer.wrap(h.value())));
                s.append('\n');
                crc.update(s.toString().getBytes(StandardCharsets.UTF_8));
            }
            System.out.println("records " + n + " " + Long.toHexString(crc.getValue()));
        }
    }
    static String text(ByteBuffer b) {
        if (b == null) return "null";
        StringBuilder s = new StringBuilder("x");
        for (int i = b.position(); i < b.limit(); i++) s.append(String.format("%02x", b.get(i)));
        return s.toString();
    }
}
