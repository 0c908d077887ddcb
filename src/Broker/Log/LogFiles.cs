using System.Globalization;
using System.Text;
using Millrace.Broker.Storage;

namespace Millrace.Broker.Log;

/// <summary>Names of the files of a data directory, Kafka's own, and the ways to read and write small ones.</summary>
static class LogFiles
{
    public const string LogSuffix = ".log";
    public const string IndexSuffix = ".index";
    public const string TimeIndexSuffix = ".timeindex";
    public const string TransactionIndexSuffix = ".txnindex";
    public const string SnapshotSuffix = ".snapshot";
    public const string DeletedSuffix = ".deleted";
    public const string CleanedSuffix = ".cleaned";
    public const string SwapSuffix = ".swap";
    public const string DeletedDirectorySuffix = "-delete";
    public const string StrayDirectorySuffix = "-stray";
    public const string LeaderEpochs = "leader-epoch-checkpoint";
    public const string PartitionMetadata = "partition.metadata";
    public const string RecoveryPoints = "recovery-point-offset-checkpoint";
    public const string LogStartOffsets = "log-start-offset-checkpoint";
    public const string CleanShutdown = ".kafka_cleanshutdown";
    public const string LockFile = ".lock";
    public const string MetaProperties = "meta.properties";
    public const string TopicCatalog = "millrace-topics.catalog";

    const int OffsetDigits = 20;

    /// <summary>20 digits and a suffix.</summary>
    public static string Name(long offset, string suffix) => offset.ToString("D20", CultureInfo.InvariantCulture)
        + suffix;

    /// <summary>The offset of a name made by <see cref="Name"/> with that suffix.</summary>
    public static bool TryParse(string name, string suffix, out long offset)
    {
        offset = 0;
        return name.Length == OffsetDigits + suffix.Length && name.EndsWith(suffix, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(0, OffsetDigits), NumberStyles.None, CultureInfo.InvariantCulture, out offset);
    }

    /// <summary>Replaces a file: a crash leaves the old or the new content, never a mixture.</summary>
    /// <param name="files">The file system.</param>
    /// <param name="directory">Where it is.</param>
    /// <param name="name">Its name.</param>
    /// <param name="content">The new content.</param>
    /// <param name="durable">Also survive a loss of power (two flushes); else a kill only.</param>
    public static void Replace(IFileSystem files, string directory, string name, ReadOnlySpan<byte> content,
        bool durable)
    {
        var path = Path.Combine(directory, name);
        var temporary = path + ".tmp";
        using (var file = files.Open(temporary, FileOpening.Any))
        {
            file.SetLength(0);
            file.Write(content, 0);
            if (durable)
                file.Flush();
        }
        files.Rename(temporary, path);
        if (durable)
            files.FlushDirectory(directory);
    }

    /// <summary>The whole content, or null when there is no such file.</summary>
    public static byte[]? ReadAll(IFileSystem files, string path, int maxBytes)
    {
        if (!files.FileExists(path))
            return null;
        using var file = files.Open(path, FileOpening.Existing);
        var length = file.Length;
        if (length > maxBytes)
        {
            throw new StorageException(StorageError.Damaged, path,
                $"'{path}' has {length} bytes; at most {maxBytes} are expected. Move it away to have it made again.");
        }
        var bytes = new byte[length];
        return file.Read(bytes, 0) == length ? bytes : null;
    }

    public static string? ReadText(IFileSystem files, string path, int maxBytes) =>
        ReadAll(files, path, maxBytes) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

    /// <summary>A 16-byte id as Kafka writes it: URL-safe base 64 without padding, big-endian.</summary>
    public static string IdText(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return System.Buffers.Text.Base64Url.EncodeToString(bytes);
    }

    public static bool TryParseId(string text, out Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id = default;
        if (text.Length != 22
            || !System.Buffers.Text.Base64Url.TryDecodeFromChars(text, bytes, out var count) || count != 16)
        {
            return false;
        }
        id = new Guid(bytes, bigEndian: true);
        return true;
    }

    /// <summary>A random id. Like Kafka's, it never starts with a dash: command line tools would take it for an
    /// option.</summary>
    public static Guid NewId(Random random)
    {
        Span<byte> bytes = stackalloc byte[16];
        while (true)
        {
            random.NextBytes(bytes);
            // Version 4, variant 1, as Kafka makes them. 0xF8 and up is where the text would start with '-'.
            bytes[6] = (byte)(bytes[6] & 0x0F | 0x40);
            bytes[8] = (byte)(bytes[8] & 0x3F | 0x80);
            if (bytes[0] < 0xF8)
                return new Guid(bytes, bigEndian: true);
        }
    }
}
