using System.Text;
using Millrace.Broker.Storage;

namespace Millrace.Broker.Log;

/// <summary>Kafka's partition.metadata: which topic a directory belongs to, so that the remains of a deleted topic are
/// never taken for those of a new one of the same name.</summary>
static class PartitionMetadata
{
    public static void Save(IFileSystem files, string directory, Guid topicId, bool durable) =>
        LogFiles.Replace(files, directory, LogFiles.PartitionMetadata,
            Encoding.UTF8.GetBytes($"version: 0\ntopic_id: {LogFiles.IdText(topicId)}"), durable);

    /// <summary>Null when the file is missing or damaged.</summary>
    public static Guid? Load(IFileSystem files, string directory, LogLimits limits)
    {
        var text = LogFiles.ReadText(files, Path.Combine(directory, LogFiles.PartitionMetadata),
            limits.MaxSmallFileBytes);
        var line = text?.Split('\n', StringSplitOptions.TrimEntries)
            .FirstOrDefault(static l => l.StartsWith("topic_id: ", StringComparison.Ordinal));
        return line is not null && LogFiles.TryParseId(line["topic_id: ".Length..], out var id) ? id : null;
    }
}
