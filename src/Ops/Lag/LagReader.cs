using Millrace.Client;
using Millrace.Client.Administration;
using Millrace.Ops.Replay;
using Millrace.Protocol;

namespace Millrace.Ops.Lag;

/// <summary>
/// Tells how far consumer groups are, in records and in seconds. Asks the brokers only; joins no group, commits
/// nothing.
/// </summary>
/// <remarks>
/// <para>Lag in records is the distance from the committed offset to the last stable offset, that is without what an
/// open transaction holds back. Commits are read before ends, so a busy group is shown slightly too far behind and
/// never too far ahead.</para>
/// <para>Lag in seconds is the age of the record where the group goes on: now minus its timestamp, which is the
/// producer's or the broker's clock as the topic is configured; a record from the future counts as 0. It costs one
/// small fetch for each partition with lag, for at most <see cref="LagOptions.MaxTimedPartitions"/> partitions a call,
/// and nothing for one that stands still. Replayed or imported records may carry old timestamps: then the age is true
/// and no delay of the group.</para>
/// </remarks>
/// <param name="client">The cluster; stays the caller's.</param>
/// <param name="options">Limits; null for the defaults.</param>
/// <param name="clock">The time of day; the system's by default.</param>
/// <exception cref="ArgumentException">An option is out of range.</exception>
public sealed class LagReader(KafkaClient client, LagOptions? options = null, TimeProvider? clock = null)
{
    // The coordinator's name for a group that does not exist.
    const string Dead = "Dead";

    readonly LagOptions _options = Checked(options ?? new LagOptions());
    readonly TimeProvider _clock = clock ?? TimeProvider.System;
    readonly NextRecordReader _next = new(client, clock ?? TimeProvider.System, options ?? new LagOptions());

    /// <summary>One group.</summary>
    /// <param name="groupId">The group.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="KafkaServerException">There is no such group, or it may not be read.</exception>
    public async Task<GroupLag> ReadAsync(string groupId, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(groupId);
        var listings = await client.Admin.ListGroupsAsync(cancellation).ConfigureAwait(false);
        var listing = listings.FirstOrDefault(g => g.GroupId == groupId) ?? throw new KafkaServerException(
            ErrorCode.GroupIdNotFound, $"there is no group '{groupId}'. millrace lag shows those that exist.");
        return (await ReadAsync([listing], cancellation).ConfigureAwait(false))[0];
    }

    /// <summary>All consumer groups, by name.</summary>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="KafkaServerException">The groups may not be listed.</exception>
    public async Task<IReadOnlyList<GroupLag>> ReadAllAsync(CancellationToken cancellation = default)
    {
        var listings = await client.Admin.ListGroupsAsync(cancellation).ConfigureAwait(false);
        // "connect" and others use the group protocol for something else; without a protocol there are only offsets.
        return await ReadAsync(
            [.. listings.Where(static g => g.ProtocolType is "consumer" or "")], cancellation).ConfigureAwait(false);
    }

    async Task<IReadOnlyList<GroupLag>> ReadAsync(IReadOnlyList<GroupListing> listings, CancellationToken cancellation)
    {
        var described = new Described[listings.Count];
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = _options.MaxParallelGroups,
            CancellationToken = cancellation,
        };
        await Parallel.ForAsync(0, listings.Count, parallel, async (i, token) =>
            described[i] = await DescribeAsync(listings[i], token).ConfigureAwait(false)).ConfigureAwait(false);

        var topics = await PartitionsAsync(described.SelectMany(static d => TopicsOf(d.Group, d.Offsets)), cancellation)
            .ConfigureAwait(false);
        // A partition without a leader would be waited for until it has one; it is shown as what it is instead.
        var partitions = topics.Values.SelectMany(static t => t)
            .Where(static p => p.Leader >= 0).Select(static p => p.At).ToList();
        var starts = await OffsetsAsync(partitions, OffsetSpec.Earliest, false, cancellation).ConfigureAwait(false);
        var stable = await OffsetsAsync(partitions, OffsetSpec.Latest, true, cancellation).ConfigureAwait(false);
        var ends = await OffsetsAsync(partitions, OffsetSpec.Latest, false, cancellation).ConfigureAwait(false);

        var groups = new List<GroupLag>(listings.Count);
        for (var i = 0; i < listings.Count; i++)
        {
            var (group, offsets, error) = described[i];
            var members = group.Members.SelectMany(static m => m.Assigned.Select(p => (p, m.ClientId)))
                .GroupBy(static m => m.p).ToDictionary(static m => m.Key, static m => m.First().ClientId);
            groups.Add(new GroupLag
            {
                GroupId = group.GroupId,
                State = group.State.Length > 0 ? group.State : listings[i].State,
                Type = listings[i].Type,
                Members = group.Members,
                IsReplay = group.GroupId.StartsWith(Replayer.GroupPrefix, StringComparison.Ordinal),
                Error = error,
                Partitions = [.. TopicsOf(group, offsets).Order(StringComparer.Ordinal)
                    .SelectMany(t => topics.GetValueOrDefault(t, []))
                    .Select(p => Compute(p.At, offsets, starts, stable, ends) with
                    {
                        Member = members.GetValueOrDefault(p.At),
                    })],
            });
        }

        return await TimeAsync(groups, cancellation).ConfigureAwait(false);
    }

    async Task<Described> DescribeAsync(GroupListing listing, CancellationToken cancellation)
    {
        var group = new GroupDescription(listing.GroupId, listing.State, listing.ProtocolType, "", [], null);
        // DescribeGroups knows the classic protocol alone; a KIP-848 group would be told to be dead.
        if (!string.Equals(listing.Type, "consumer", StringComparison.OrdinalIgnoreCase))
        {
            group = (await client.Admin.DescribeGroupsAsync([listing.GroupId], cancellation).ConfigureAwait(false))[0];
            group = group.State == Dead ? group with { State = listing.State } : group;
        }

        try
        {
            var offsets = await client.Admin.ListGroupOffsetsAsync(listing.GroupId, cancellation: cancellation)
                .ConfigureAwait(false);
            return new Described(group, offsets, group.Error?.ToString());
        }
        catch (KafkaServerException e)
        {
            return new Described(group, new Dictionary<TopicPartition, GroupOffset>(), e.Message);
        }
    }

    async Task<Dictionary<string, (TopicPartition At, int Leader)[]>> PartitionsAsync(
        IEnumerable<string> names, CancellationToken cancellation)
    {
        var topics = await client.Admin.DescribeTopicsAsync(names.Distinct(), cancellation).ConfigureAwait(false);
        // A topic that was deleted keeps its commits until they expire; there is no lag in what does not exist.
        return topics.Where(static t => t.Error is null).ToDictionary(
            static t => t.Name,
            static t => t.Partitions.Select(p => (new TopicPartition(t.Name, p.Index), p.Leader)).ToArray());
    }

    ValueTask<IReadOnlyDictionary<TopicPartition, OffsetResult>> OffsetsAsync(
        List<TopicPartition> partitions, OffsetSpec spec, bool readCommitted, CancellationToken cancellation) =>
        client.Admin.ListOffsetsAsync(partitions.ToDictionary(static p => p, _ => spec), readCommitted, cancellation);

    async Task<IReadOnlyList<GroupLag>> TimeAsync(List<GroupLag> groups, CancellationToken cancellation)
    {
        var places = groups.SelectMany(static g => g.Partitions)
            .Where(static p => p is { Lag: > 0, Committed: not null })
            .OrderByDescending(static p => p.Lag)
            .Select(static p => (p.Partition, Offset: PlaceOf(p), p.StableEnd))
            .Distinct()
            .Take(_options.MaxTimedPartitions)
            .ToList();
        var found = await _next.LookAsync(places, cancellation).ConfigureAwait(false);
        var now = _clock.GetUtcNow();
        return groups.ConvertAll(g => g with
        {
            Partitions = [.. g.Partitions.Select(p => p.At(found.GetValueOrDefault((p.Partition, PlaceOf(p))), now))],
        });
    }

    static long PlaceOf(PartitionLag p) => Math.Max(p.Committed ?? -1, p.Start);

    static IEnumerable<string> TopicsOf(
        GroupDescription group, IReadOnlyDictionary<TopicPartition, GroupOffset> offsets) =>
        offsets.Keys.Concat(group.Members.SelectMany(static m => m.Assigned)).Select(static p => p.Topic).Distinct();

    static PartitionLag Compute(
        TopicPartition partition,
        IReadOnlyDictionary<TopicPartition, GroupOffset> offsets,
        IReadOnlyDictionary<TopicPartition, OffsetResult> starts,
        IReadOnlyDictionary<TopicPartition, OffsetResult> stable,
        IReadOnlyDictionary<TopicPartition, OffsetResult> ends)
    {
        var committed = offsets.GetValueOrDefault(partition);
        if (!ends.ContainsKey(partition))
        {
            return new PartitionLag { Partition = partition, State = CommitState.Failed, Error = "no leader" };
        }

        var error = committed?.Error ?? starts[partition].Error ?? stable[partition].Error ?? ends[partition].Error;
        return error is not null
            ? new PartitionLag { Partition = partition, State = CommitState.Failed, Error = error.ToString() }
            : PartitionLag.Of(
                partition, starts[partition].Offset, ends[partition].Offset, stable[partition].Offset,
                committed?.Offset);
    }

    readonly record struct Described(
        GroupDescription Group, IReadOnlyDictionary<TopicPartition, GroupOffset> Offsets, string? Error);

    static LagOptions Checked(LagOptions options)
    {
        options.Validate();
        return options;
    }
}
