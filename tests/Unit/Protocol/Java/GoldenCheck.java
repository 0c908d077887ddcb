import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

/** Reads golden lines (name, version, variant, hex), decodes the bytes with Kafka's classes, encodes them again. */
public final class GoldenCheck {
    private static final String CLIENT = "org.apache.kafka.common.message.";
    private static final String COORDINATOR = "org.apache.kafka.coordinator.group.generated.";

    public static void main(String[] files) throws Exception {
        int agreed = 0;
        int wrong = 0;
        for (String file : files) {
            for (String line : Files.readAllLines(Path.of(file))) {
                String problem = check(line.split(" "));
                if (problem == null) {
                    agreed++;
                } else if (++wrong <= 20) {
                    System.out.println(line.substring(0, Math.min(60, line.length())) + "...: " + problem);
                }
            }
        }
        if (wrong > 0) {
            System.out.println(wrong + " lines disagree");
            System.exit(1);
        }
        System.out.println(agreed + " lines agree");
    }

    private static String check(String[] line) {
        String name = line[0];
        short version = Short.parseShort(line[1]);
        byte[] golden = line[3].equals("-") ? new byte[0] : HexFormat.of().parseHex(line[3]);
        try {
            if (name.endsWith("Header")) {
                String[] api = line[2].split(":");
                ApiKeys key = ApiKeys.forId(Integer.parseInt(api[0]));
                short apiVersion = Short.parseShort(api[1]);
                short wanted = name.equals("RequestHeader")
                    ? key.requestHeaderVersion(apiVersion) : key.responseHeaderVersion(apiVersion);
                if (wanted != version) {
                    return "Kafka has header version " + wanted;
                }
            }
            Message message = create(name);
            // Record keys carry their version in front of them; the class itself knows one layout only.
            short layout = name.equals("OffsetCommitKey") || name.equals("GroupMetadataKey") ? 0 : version;
            ByteBuffer input = ByteBuffer.wrap(golden);
            message.read(new ByteBufferAccessor(input), layout);
            if (input.hasRemaining()) {
                return input.remaining() + " bytes are left over";
            }
            ObjectSerializationCache cache = new ObjectSerializationCache();
            ByteBuffer output = ByteBuffer.allocate(message.size(cache, layout));
            message.write(new ByteBufferAccessor(output), cache, layout);
            return HexFormat.of().formatHex(output.array()).equals(HexFormat.of().formatHex(golden))
                ? null : "Kafka writes " + HexFormat.of().formatHex(output.array());
        } catch (Exception e) {
            return e.toString();
        }
    }

    private static Message create(String name) throws Exception {
        String type = name.startsWith("ConsumerProtocol") ? CLIENT + name
            : name.endsWith("Key") || name.endsWith("Value") ? COORDINATOR + name
            : CLIENT + name + "Data";
        return (Message) Class.forName(type).getDeclaredConstructor().newInstance();
    }
}
