// A member of a group as the scenarios of groups need it: what it read, holds and gave up.
using System.Text;
using Millrace.Client;
using Millrace.Client.Consume;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Scenarios.Groups;

/// <summary>A member that polls, notes what it read, commits, and gives partitions up when asked.</summary>
sealed class GroupMemberRun(KafkaClient client, string topic, string group, string? instance = null) : IAsyncDisposable
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    readonly Consumer _consumer = Start(client, topic, group, instance);

    public HashSet<int> Partitions { get; } = [];

    public Dictionary<int, AssignedPartition> Assigned { get; } = [];

    public List<string> Read { get; } = [];

    /// <summary>How often partitions were taken away.</summary>
    public int Revocations { get; private set; }

    public Dictionary<TopicPartition, OffsetToCommit> Positions { get; } = [];

    public async Task PollUntilAsync(Func<bool> isDone, params GroupMemberRun[] others)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        while (!isDone())
        {
            foreach (var member in (GroupMemberRun[])[this, .. others])
                await member.PollOnceAsync(limit.Token);
        }
    }

    public async Task CommitAsync(string? metadata = null)
    {
        var result = await _consumer.CommitAsync(
            [.. Positions.Values.Select(p => p with { Metadata = metadata })], TestContext.Current.CancellationToken);
        Assert.All(result.Values, code => Assert.Equal(ErrorCode.None, code));
    }

    public ValueTask DisposeAsync() => _consumer.DisposeAsync();

    async Task PollOnceAsync(CancellationToken cancellation)
    {
        var poll = await _consumer.PollAsync(TimeSpan.FromMilliseconds(50), cancellation);
        switch (poll.Kind)
        {
            case PollKind.Assigned:
                foreach (var assigned in poll.Assigned)
                {
                    Partitions.Add(assigned.TopicPartition.Partition);
                    Assigned[assigned.TopicPartition.Partition] = assigned;
                }
                break;
            case PollKind.Revoking:
                Revocations++;
                var offsets = poll.Partitions.Where(Positions.ContainsKey).Select(tp => Positions[tp]).ToList();
                await _consumer.CommitAsync(offsets, cancellation);
                Drop(poll.Partitions);
                _consumer.AcknowledgeRevocation();
                break;
            case PollKind.Lost:
                Drop(poll.Partitions);
                break;
            case PollKind.Records:
                foreach (var batch in poll.Batches)
                {
                    foreach (var record in batch)
                        Read.Add(Encoding.UTF8.GetString(record.Value.Span));
                    Positions[batch.TopicPartition] = new OffsetToCommit(
                        batch.TopicPartition, batch.NextOffset, null, batch.LeaderEpoch);
                    batch.Dispose();
                }
                break;
        }
    }

    void Drop(IReadOnlyList<TopicPartition> partitions)
    {
        foreach (var partition in partitions)
        {
            Partitions.Remove(partition.Partition);
            Positions.Remove(partition);
        }
    }

    static Consumer Start(KafkaClient client, string topic, string group, string? instance)
    {
        var consumer = client.CreateConsumer(new ConsumerOptions
        {
            GroupId = group,
            GroupInstanceId = instance,
            HeartbeatInterval = TimeSpan.FromMilliseconds(300),
        });
        consumer.Subscribe(topic);
        return consumer;
    }
}
