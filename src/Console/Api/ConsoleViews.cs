using System.Globalization;
using Millrace.Console.Hosting;
using Millrace.Ops.DeadLetters;
using Millrace.Ops.Lag;
using Millrace.Ops.Problems;
using Millrace.Ops.Replay;
using Millrace.Protocol;

namespace Millrace.Console.Api;

/// <summary>Makes each answer from what the readers of Ops tell.</summary>
sealed class ConsoleViews(ConsoleService service)
{
    // A column of a table; the whole is one click away.
    const int LineChars = 120;

    // An exception's message in a table.
    const int MessageChars = 500;

    const int MaxPage = 200;

    public async Task<OverviewView> OverviewAsync(HttpContext http)
    {
        var o = await service.OverviewAsync(http.RequestAborted).ConfigureAwait(false);
        return new OverviewView(
            o.Cluster.ClusterId, o.Cluster.Brokers, service.Options.AllowChanges, o.At, o.Problems,
            o.Topics.Count(static t => !t.IsInternal), o.Groups.Count(static g => !g.IsReplay),
            o.Groups.Where(static g => !g.IsReplay).Sum(static g => g.Lag),
            o.Topics.Where(static t => t.IsDeadLetters).Sum(t => ProblemFinder.OpenLetters(t, o.Groups)), Replays());
    }

    public async Task<IReadOnlyList<TopicView>> TopicsAsync(HttpContext http)
    {
        var overview = await service.OverviewAsync(http.RequestAborted).ConfigureAwait(false);
        return [.. overview.Topics.Select(static t => new TopicView(
            t.Name, t.Partitions, t.Replicas, t.Records, t.IsInternal, t.IsDeadLetters, t.Leaderless, t.UnderReplicated,
            t.Error))];
    }

    public async Task<IReadOnlyList<GroupView>> GroupsAsync(HttpContext http)
    {
        var overview = await service.OverviewAsync(http.RequestAborted).ConfigureAwait(false);
        return [.. overview.Groups.Select(ToView)];
    }

    public async Task<GroupDetailView> GroupAsync(HttpContext http)
    {
        var id = http.Request.Query["id"].ToString();
        var group = await service.Lag.ReadAsync(id, http.RequestAborted).ConfigureAwait(false);
        return new GroupDetailView(
            ToView(group),
            [.. group.Members.Select(static m => new MemberView(
                m.MemberId, m.InstanceId, m.ClientId, m.ClientHost, [.. m.Assigned.Select(static p => p.ToString())]))],
            [.. group.Partitions.Select(static p => new PartitionView(
                p.Partition.Topic, p.Partition.Partition, p.Start, p.End, p.StableEnd, p.Committed, p.State, p.Lag,
                p.LagSeconds, p.Lost,
                p.Member, p.Error))]);
    }

    public async Task<IReadOnlyList<DeadLetterTopicView>> DeadLettersAsync(HttpContext http)
    {
        var overview = await service.OverviewAsync(http.RequestAborted).ConfigureAwait(false);
        var topics = overview.Topics.ToDictionary(static t => t.Name, StringComparer.Ordinal);
        return [.. overview.DeadLetters.Select(d => new DeadLetterTopicView(
            d.Topic, d.Count, ProblemFinder.OpenLetters(topics[d.Topic], overview.Groups), d.IsComplete,
            TargetOf(d.Topic, topics.ContainsKey), d.Groups))];
    }

    public async Task<LetterPageView> PageAsync(HttpContext http)
    {
        var query = http.Request.Query;
        var page = await service.DeadLetters.ReadPageAsync(
            new DeadLetterQuery
            {
                Topic = Route(http, "topic"),
                ExceptionType = query["exception"] is [{ Length: > 0 } type, ..] ? type : null,
                From = query["from"],
                Limit = query["limit"] is [{ } text, ..]
                    ? int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit)
                        && limit is >= 1 and <= MaxPage
                        ? limit
                        : throw new ArgumentException($"limit must be 1 to {MaxPage}.")
                    : 50,
            },
            http.RequestAborted).ConfigureAwait(false);
        return new LetterPageView(
            [.. page.Letters.Select(static d => ToView(d, MessageChars))], page.Next, page.Scanned);
    }

    public async Task<LetterDetailView> LetterAsync(HttpContext http)
    {
        var partition = new TopicPartition(
            Route(http, "topic"), int.Parse(Route(http, "partition"), CultureInfo.InvariantCulture));
        var offset = long.Parse(Route(http, "offset"), CultureInfo.InvariantCulture);
        var letter = await service.DeadLetters.FindAsync(partition, offset, http.RequestAborted).ConfigureAwait(false)
            ?? throw new KeyNotFoundException(
                $"There is no record at {partition} offset {offset}: retention may have removed it.");
        var max = service.Options.MaxPayloadBytes;
        return new LetterDetailView(
            ToView(letter, max), PayloadView.Of(letter.Key, max), PayloadView.Of(letter.Value, max),
            [.. letter.Headers.Select(h => new HeaderView(h.Key, PayloadView.Of(h.Value, max)))],
            PayloadView.Cut(letter.StackTrace, max), letter.Handler, letter.FailedAt);
    }

    public Task<IReadOnlyList<ReplayView>> ReplaysAsync(HttpContext http) => Task.FromResult(Replays());

    public async Task<ReplayView> StartReplayAsync(HttpContext http)
    {
        var request = await ConsoleApi.ReadBodyAsync(http, ConsoleJson.Default.ReplayRequest).ConfigureAwait(false);
        var from = Route(http, "topic");
        if (string.IsNullOrWhiteSpace(request.To))
        {
            throw new ArgumentException("Name the topic to send to.");
        }

        foreach (
            var topic in await service.Client.Admin.DescribeTopicsAsync([from, request.To], http.RequestAborted)
                .ConfigureAwait(false))
        {
            if (topic.Error is not null)
            {
                throw new KeyNotFoundException($"The topic '{topic.Name}' cannot be used: {topic.Error}");
            }
        }

        return ToView(service.Replays.Start(new ReplayOptions
        {
            From = from,
            To = request.To,
            RatePerSecond = request.RatePerSecond,
            Limit = request.Limit,
        }));
    }

    public Task<IReadOnlyList<ReplayView>> StopReplayAsync(HttpContext http)
    {
        var id = int.Parse(Route(http, "id"), CultureInfo.InvariantCulture);
        return service.Replays.Stop(id)
            ? Task.FromResult(Replays())
            : throw new KeyNotFoundException($"Replay {id} does not run.");
    }

    IReadOnlyList<ReplayView> Replays() => [.. service.Replays.List().Select(ToView)];

    /// <summary>Where a dead-letter topic's records most likely came from: its name without the suffix, if there is
    /// such a topic.</summary>
    static string? TargetOf(string topic, Func<string, bool> exists) =>
        topic[..^DeadLetterReader.Suffix.Length] is { Length: > 0 } origin && exists(origin) ? origin : null;

    static string Route(HttpContext http, string name) => (string)http.Request.RouteValues[name]!;

    static GroupView ToView(GroupLag g) => new(
        g.GroupId, g.State, g.Type, g.Members.Count,
        [.. g.Partitions.Select(static p => p.Partition.Topic).Distinct()], g.Lag, g.LagSeconds, g.Lost, g.Unknown,
        g.IsReplay, g.Error);

    static LetterView ToView(DeadLetter d, int messageChars) => new(
        d.Partition.Partition, d.Offset, d.Timestamp, PayloadView.Line(d.Key, LineChars), d.OriginalTopic,
        d.OriginalPartition,
        d.OriginalOffset, d.ConsumerGroup, d.ExceptionType, PayloadView.Cut(d.ExceptionMessage, messageChars), d.Reason,
        d.Attempts,
        d.Replays);

    static ReplayView ToView(ReplayStatus s) => new(
        s.Id, s.From, s.To, s.State, s.Progress.Sent, s.Progress.AlreadySent, s.Progress.PassedOver,
        s.Progress.Remaining,
        s.Started, s.Ended, s.Error);
}
