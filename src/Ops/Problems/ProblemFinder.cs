using System.Globalization;
using Millrace.Ops.DeadLetters;
using Millrace.Ops.Lag;
using Millrace.Ops.Replay;
using Millrace.Ops.Topics;

namespace Millrace.Ops.Problems;

/// <summary>Finds what is wrong in what the other readers tell. Reads nothing itself.</summary>
public static class ProblemFinder
{
    /// <summary>The problems, the worst first, of those equally bad the oldest first.</summary>
    /// <param name="topics">All topics.</param>
    /// <param name="groups">All groups.</param>
    /// <param name="deadLetters">What lies in the dead-letter topics.</param>
    /// <param name="lagLimit">A group whose next record has been waiting for longer is late.</param>
    /// <param name="now">The time of day.</param>
    public static IReadOnlyList<Problem> Find(
        IReadOnlyList<TopicSummary> topics, IReadOnlyList<GroupLag> groups,
        IReadOnlyList<DeadLetterSummary> deadLetters,
        TimeSpan lagLimit, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(topics);
        ArgumentNullException.ThrowIfNull(groups);
        ArgumentNullException.ThrowIfNull(deadLetters);
        var problems = new List<Problem>();
        foreach (var topic in topics)
        {
            AddTopic(problems, topic);
        }

        foreach (var group in groups.Where(static g => !g.IsReplay))
        {
            AddGroup(problems, group, lagLimit, now);
        }

        foreach (var summary in deadLetters.Where(static d => d.Count > 0))
        {
            AddDeadLetters(problems, summary, topics, groups);
        }

        return [.. problems
            .OrderByDescending(static p => p.Severity)
            .ThenBy(static p => p.Since ?? DateTimeOffset.MaxValue)
            .ThenBy(static p => p.Name, StringComparer.Ordinal)];
    }

    /// <summary>How many dead letters of a topic no replay has come by yet: what lies behind the farthest cursor of its
    /// replays.</summary>
    /// <param name="topic">The dead-letter topic.</param>
    /// <param name="groups">All groups; those of replays count.</param>
    public static long OpenLetters(TopicSummary topic, IReadOnlyList<GroupLag> groups)
    {
        ArgumentNullException.ThrowIfNull(topic);
        ArgumentNullException.ThrowIfNull(groups);
        var replays = groups
            .Where(g => g.IsReplay && g.GroupId.StartsWith(Replayer.GroupOf(topic.Name, ""), StringComparison.Ordinal))
            .SelectMany(static g => g.Partitions)
            .Where(p => p.Partition.Topic == topic.Name)
            .ToLookup(static p => p.Partition.Partition, static p => p.Committed ?? 0);
        return topic.Ranges.Sum(r => Math.Max(0, r.End - Math.Max(r.Start, replays[r.Index].DefaultIfEmpty(0).Max())));
    }

    static void AddTopic(List<Problem> problems, TopicSummary topic)
    {
        if (topic.Leaderless.Count > 0)
        {
            problems.Add(new Problem(
                Severity.Critical, ProblemSubject.Topic, topic.Name,
                $"{Count(topic.Leaderless.Count, "partition")} of {topic.Partitions} without a leader: "
                + $"{string.Join(", ", topic.Leaderless)}.",
                "Start the brokers that hold their replicas.", null));
        }
        else if (topic.UnderReplicated.Count > 0)
        {
            problems.Add(new Problem(
                Severity.Warning, ProblemSubject.Topic, topic.Name,
                $"{Count(topic.UnderReplicated.Count, "partition")} of {topic.Partitions} with replicas "
                + "that are not in sync.",
                "Look whether all brokers are up and keep pace.", null));
        }
    }

    static void AddGroup(List<Problem> problems, GroupLag group, TimeSpan lagLimit, DateTimeOffset now)
    {
        var since = group.LagSeconds is > 0 and { } seconds ? now.AddSeconds(-seconds) : (DateTimeOffset?)null;
        void Add(Severity severity, string text, string remedy) =>
            problems.Add(new Problem(severity, ProblemSubject.Group, group.GroupId, text, remedy, since));

        if (group.Lost > 0)
        {
            Add(Severity.Critical,
                $"{Count(group.Lost, "record")} removed by retention before the group read them.",
                "Lengthen the topic's retention, then find out why the group was that late.");
        }

        if (group.Partitions.Any(static p => p.State == CommitState.AboveEnd))
        {
            Add(Severity.Warning,
                "Committed offsets lie behind the end of their partitions: the topic was made anew or lost records.",
                "Reset the group's offsets, or let its consumers do so.");
        }

        if (group.Lag > 0 && string.Equals(group.State, "Empty", StringComparison.OrdinalIgnoreCase))
        {
            Add(Severity.Critical,
                $"No members, and {Count(group.Lag, "record")} waiting.",
                "Start the application, or delete the group if it is no longer used.");
        }
        else if (group.LagSeconds > lagLimit.TotalSeconds)
        {
            Add(Severity.Warning,
                string.Create(CultureInfo.InvariantCulture,
                    $"{group.LagSeconds:0} s behind, more than {lagLimit.TotalSeconds:0} s; "
                    + $"{Count(group.Lag, "record")} waiting."),
                "Look at the handler's failures and time; then add concurrency or instances.");
        }
    }

    static void AddDeadLetters(
        List<Problem> problems, DeadLetterSummary summary, IReadOnlyList<TopicSummary> topics,
        IReadOnlyList<GroupLag> groups)
    {
        var topic = topics.FirstOrDefault(t => t.Name == summary.Topic);
        var open = topic is null ? summary.Count : OpenLetters(topic, groups);
        if (open > 0)
        {
            problems.Add(new Problem(
                Severity.Warning, ProblemSubject.DeadLetters, summary.Topic,
                $"{Count(open, "dead letter")} not replayed; most often {summary.Groups[0].ExceptionType}.",
                "Look at the failures, correct their cause, then replay.", summary.Groups.Min(static g => g.First)));
        }
    }

    static string Count(long count, string noun) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {noun}{(count == 1 ? "" : "s")}");
}
