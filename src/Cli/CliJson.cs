using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Millrace.Ops.Lag;
using Millrace.Ops.Topics;

namespace Millrace.Cli;

// What --json prints. Scripts rely on the names: add, never rename.

/// <summary>A group of <c>millrace lag --json</c>.</summary>
sealed record GroupDocument(
    string Group, string State, string Type, int Members, long Lag, double? LagSeconds, long Lost, bool IsReplay,
    string? Error,
    IReadOnlyList<PartitionDocument> Partitions)
{
    public static GroupDocument Of(GroupLag g) => new(
        g.GroupId, g.State, g.Type, g.Members.Count, g.Lag, g.LagSeconds, g.Lost, g.IsReplay, g.Error,
        [.. g.Partitions.Select(static p => new PartitionDocument(
            p.Partition.Topic, p.Partition.Partition, p.Start, p.End, p.StableEnd, p.Committed, p.State, p.Lag,
            p.LagSeconds, p.Lost,
            p.Member, p.Error))]);
}

/// <summary>A partition of a group.</summary>
sealed record PartitionDocument(
    string Topic, int Partition, long Start, long End, long StableEnd, long? Committed, CommitState State, long? Lag,
    double? LagSeconds,
    long Lost, string? Member, string? Error);

/// <summary>A topic of <c>millrace topics list --json</c>.</summary>
sealed record TopicDocument(
    string Topic, int Partitions, int Replicas, long? Records, bool IsInternal, bool IsDeadLetters,
    IReadOnlyList<int> Leaderless,
    IReadOnlyList<int> UnderReplicated, string? Error)
{
    public static TopicDocument Of(TopicSummary t) => new(
        t.Name, t.Partitions, t.Replicas, t.Records, t.IsInternal, t.IsDeadLetters, t.Leaderless, t.UnderReplicated,
        t.Error);
}

/// <summary>Source-generated JSON of what commands print.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true)]
[JsonSerializable(typeof(GroupDocument))]
[JsonSerializable(typeof(GroupDocument[]))]
[JsonSerializable(typeof(TopicDocument[]))]
sealed partial class CliJson : JsonSerializerContext
{
    /// <summary>The document and a line end.</summary>
    public static string Text<T>(T value, JsonTypeInfo<T> type) => JsonSerializer.Serialize(value, type) + "\n";
}
