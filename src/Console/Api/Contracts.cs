using System.Text.Json.Serialization;
using Millrace.Client.Administration;
using Millrace.Ops.DeadLetters;
using Millrace.Ops.Lag;
using Millrace.Ops.Problems;
using Millrace.Ops.Replay;
using Millrace.Ops.Topics;

namespace Millrace.Console.Api;

/// <summary>One reading of the cluster.</summary>
sealed record Overview(
    ClusterDescription Cluster, IReadOnlyList<TopicSummary> Topics, IReadOnlyList<GroupLag> Groups,
    IReadOnlyList<DeadLetterSummary> DeadLetters, IReadOnlyList<Problem> Problems, DateTimeOffset At);

// What the API answers. Names are camelCase, absent values are null, times are ISO 8601 in UTC.

sealed record ErrorView(string Error);

sealed record OverviewView(
    string? ClusterId, IReadOnlyList<BrokerDescription> Brokers, bool AllowChanges, DateTimeOffset At,
    IReadOnlyList<Problem> Problems,
    int Topics, int Groups, long Lag, long OpenDeadLetters, IReadOnlyList<ReplayView> Replays);

sealed record TopicView(
    string Name, int Partitions, int Replicas, long? Records, bool IsInternal, bool IsDeadLetters,
    IReadOnlyList<int> Leaderless, IReadOnlyList<int> UnderReplicated, string? Error);

sealed record GroupView(
    string Id, string State, string Type, int Members, IReadOnlyList<string> Topics, long Lag, double? LagSeconds,
    long Lost,
    int Unknown, bool IsReplay, string? Error);

sealed record GroupDetailView(
    GroupView Group, IReadOnlyList<MemberView> Members, IReadOnlyList<PartitionView> Partitions);

sealed record MemberView(string Id, string? InstanceId, string ClientId, string Host, IReadOnlyList<string> Partitions);

sealed record PartitionView(
    string Topic, int Partition, long Start, long End, long StableEnd, long? Committed, CommitState State, long? Lag,
    double? LagSeconds,
    long Lost, string? Member, string? Error);

sealed record DeadLetterTopicView(
    string Topic, long Count, long Open, bool IsComplete, string? ReplayTo, IReadOnlyList<DeadLetterGroup> Groups);

sealed record LetterView(
    int Partition, long Offset, DateTimeOffset Timestamp, string? Key, string? OriginalTopic, int? OriginalPartition,
    long? OriginalOffset,
    string? Group, string? ExceptionType, string? ExceptionMessage, string? Reason, int? Attempts, int Replays);

sealed record LetterPageView(IReadOnlyList<LetterView> Letters, string? Next, int Scanned);

sealed record LetterDetailView(
    LetterView Letter, PayloadView Key, PayloadView Value, IReadOnlyList<HeaderView> Headers, string? StackTrace,
    string? Handler,
    DateTimeOffset? FailedAt);

sealed record HeaderView(string Name, PayloadView Value);

sealed record ReplayRequest(string? To, double? RatePerSecond, long? Limit);

sealed record ReplayView(
    int Id, string From, string To, ReplayState State, long Sent, long AlreadySent, long PassedOver, long Remaining,
    DateTimeOffset Started, DateTimeOffset? Ended, string? Error);

/// <summary>Source-generated JSON of all that the API takes and answers.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(ErrorView))]
[JsonSerializable(typeof(OverviewView))]
[JsonSerializable(typeof(IReadOnlyList<TopicView>))]
[JsonSerializable(typeof(IReadOnlyList<GroupView>))]
[JsonSerializable(typeof(GroupDetailView))]
[JsonSerializable(typeof(IReadOnlyList<DeadLetterTopicView>))]
[JsonSerializable(typeof(LetterPageView))]
[JsonSerializable(typeof(LetterDetailView))]
[JsonSerializable(typeof(ReplayRequest))]
[JsonSerializable(typeof(ReplayView))]
[JsonSerializable(typeof(IReadOnlyList<ReplayView>))]
sealed partial class ConsoleJson : JsonSerializerContext;
