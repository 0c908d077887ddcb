using System.Globalization;
using System.Text;
using Millrace.Broker.Storage;
using Millrace.Protocol;

namespace Millrace.Broker.Log;

// recovery-point-offset-checkpoint, log-start-offset-checkpoint, text:
//
//   +---------+-------------+---------------------------------------------------------+
//   | "0\n"   | count "\n"  | count lines: topic " " partition " " offset "\n"        |
//   | version |             |                                                         |
//   +---------+-------------+---------------------------------------------------------+

/// <summary>A file of one offset per partition.</summary>
static class OffsetCheckpoint
{
    public static void Save(IFileSystem files, string directory, string name,
        IEnumerable<(TopicPartition Partition, long Offset)> offsets, bool durable)
    {
        var lines = new StringBuilder();
        var count = 0;
        foreach (var (partition, offset) in offsets.OrderBy(static o => o.Partition.Topic, StringComparer.Ordinal)
            .ThenBy(static o => o.Partition.Partition))
        {
            lines.Append(CultureInfo.InvariantCulture, $"{partition.Topic} {partition.Partition} {offset}\n");
            count++;
        }
        var text = string.Create(CultureInfo.InvariantCulture, $"0\n{count}\n{lines}");
        LogFiles.Replace(files, directory, name, Encoding.UTF8.GetBytes(text), durable);
    }

    /// <summary>Empty when the file is missing or damaged: recovery then reads more than it must, and loses
    /// nothing.</summary>
    public static Dictionary<TopicPartition, long> Load(IFileSystem files, string directory, string name,
        LogLimits limits)
    {
        var offsets = new Dictionary<TopicPartition, long>();
        var lines = LogFiles.ReadText(files, Path.Combine(directory, name), limits.MaxSmallFileBytes)
            ?.Split('\n', StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (lines.Length < 2 || lines[0] != "0" || lines[1] != (lines.Length - 2)
            .ToString(CultureInfo.InvariantCulture))
            return offsets;
        foreach (var line in lines.AsSpan(2))
        {
            var parts = line.Split(' ');
            if (parts.Length != 3
                || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var partition)
                || !long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
            {
                return [];
            }
            offsets[new TopicPartition(parts[0], partition)] = offset;
        }
        return offsets;
    }
}
