using System.Globalization;
using System.Text;
using Millrace.Broker.Storage;

namespace Millrace.Broker.Log;

/// <summary>Whose data directory it is: Kafka's meta.properties, version 1 (a Java properties file).</summary>
/// <param name="ClusterId">The cluster's id, 22 characters of URL-safe base 64.</param>
/// <param name="NodeId">The broker's number.</param>
/// <param name="DirectoryId">The directory's own id (KIP-858).</param>
sealed record MetaProperties(string ClusterId, int NodeId, string DirectoryId)
{
    public void Save(IFileSystem files, string directory)
    {
        var text = string.Create(CultureInfo.InvariantCulture,
            $"#\ncluster.id={ClusterId}\ndirectory.id={DirectoryId}\nnode.id={NodeId}\nversion=1\n");
        // Durable under every policy: without it the rest could not be told from a foreign directory.
        LogFiles.Replace(files, directory, LogFiles.MetaProperties, Encoding.UTF8.GetBytes(text), durable: true);
    }

    /// <summary>Null when there is no such file.</summary>
    /// <exception cref="StorageException">It is damaged or of another version.</exception>
    public static MetaProperties? Load(IFileSystem files, string directory, LogLimits limits)
    {
        var path = Path.Combine(directory, LogFiles.MetaProperties);
        if (LogFiles.ReadText(files, path, limits.MaxSmallFileBytes) is not { } text)
            return null;
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var split = line.IndexOf('=', StringComparison.Ordinal);
            if (line[0] is not ('#' or '!') && split > 0)
                values[line[..split].Trim()] = line[(split + 1)..].Trim();
        }
        if (values.GetValueOrDefault("version") != "1")
        {
            throw new StorageException(StorageError.Damaged, path, $"'{path}' has version "
                + $"'{values.GetValueOrDefault("version")}'; only version 1 is understood. Use another directory.");
        }
        if (!values.TryGetValue("cluster.id", out var cluster) || cluster.Length == 0
            || !int.TryParse(values.GetValueOrDefault("node.id"), NumberStyles.None, CultureInfo.InvariantCulture,
                out var node))
        {
            throw new StorageException(StorageError.Damaged, path,
                $"'{path}' lacks cluster.id or node.id. Restore it, or use another directory.");
        }
        return new MetaProperties(cluster, node, values.GetValueOrDefault("directory.id", ""));
    }
}
