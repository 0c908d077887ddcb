using System.Buffers.Binary;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Coordination.Groups;

/// <summary>Who sent a group request.</summary>
readonly record struct GroupCaller(string ClientId, string ClientHost, short Version);

/// <summary>
/// Classic consumer groups (KIP-62, 345, 394, 429, 559, 800, 814) as a state machine. A call takes a request and the
/// time and puts into a
/// <see cref="CoordinatorStep"/> the records to append and the answers to give once they are durable; a call that has
/// to wait keeps its <see cref="ReplyTo"/> in the group. Committed offsets and what is persisted of a group (its
/// members' assignments, its Stable or Empty state) change only in <see cref="Replay"/>, at run time and at start
/// alike. Single-threaded.
/// </summary>
/// <remarks>Files: Join, Sync (with heartbeats and leaving), Rebalance (the transitions), Offsets, Describe,
/// Replay.</remarks>
sealed partial class GroupCoordinator
{
    // A string of the protocol has at most 32,767 bytes; a dash and a uuid take 37 of them.
    const int MaxNameBytes = short.MaxValue - 37;

    readonly GroupOptions _options;
    readonly Random _random;
    readonly Dictionary<string, Group> _groups = new(StringComparer.Ordinal);
    readonly TimerQueue _timers = new();
    bool _isStarted;

    /// <param name="options">The rules.</param>
    /// <param name="random">Where member ids come from.</param>
    public GroupCoordinator(GroupOptions options, Random random)
    {
        _options = options;
        _random = random;
    }

    /// <summary>When <see cref="FireOne"/> has something to do.</summary>
    public long? NextDueMs => _timers.NextDueMs;

    /// <summary>All groups, for tests and views.</summary>
    public IReadOnlyDictionary<string, Group> Groups => _groups;

    /// <summary>Runs one due timer; false when none is due.</summary>
    public bool FireOne(Now now, CoordinatorStep step) => _timers.FireOne(now, step);

    /// <summary>Arms what replayed state needs: sessions of the members that were loaded, the expiry of offsets. Once,
    /// after the load.</summary>
    public void Start(Now now)
    {
        _isStarted = true;
        foreach (var group in _groups.Values)
        {
            foreach (var member in group.Members.Values) Touch(group, member, now);
        }

        ScheduleSweep(now);
    }

    Group? Find(string groupId) => _groups.GetValueOrDefault(groupId);

    Group GetOrCreate(string groupId)
    {
        if (_groups.TryGetValue(groupId, out var group)) return group;
        group = new Group(groupId);
        _groups.Add(groupId, group);
        return group;
    }

    // Records and answers carry it, a member id with a uuid behind it. What was not UTF-8 on the wire grew when it was
    // read.
    static bool Fits(string name) =>
        name.Length <= MaxNameBytes / 3 || System.Text.Encoding.UTF8.GetByteCount(name) <= MaxNameBytes;

    // Kafka's form: what the client calls itself, then a random uuid.
    string NewMemberId(string prefix)
    {
        Span<byte> bytes = stackalloc byte[16];
        _random.NextBytes(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0f) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return $"{prefix}-{new Guid(bytes, bigEndian: true)}";
    }

    // The member's session starts anew. The timer in the queue is left where it is: when it fires too early it looks at
    // the deadline and goes back to sleep, so that a heartbeat costs an assignment.
    void Touch(Group group, GroupMember member, Now now)
    {
        var timeout = member.IsNew ? _options.NewMemberJoinTimeoutMs : member.SessionTimeoutMs;
        member.SessionDeadlineMs = now.TickMs + timeout;
        if (member.SessionTimer is { IsPending: true } timer)
        {
            if (timer.DueMs <= member.SessionDeadlineMs) return;
            timer.Cancel();
        }

        ArmSession(group, member);
    }

    void ArmSession(Group group, GroupMember member) =>
        member.SessionTimer = _timers.Schedule(member.SessionDeadlineMs, (now, step) =>
        {
            if (!group.Members.TryGetValue(member.MemberId, out var current) || current != member) return;
            if (member.SessionDeadlineMs > now.TickMs)
            {
                ArmSession(group, member);
                return;
            }

            // Whoever waits for us is alive as far as we can know.
            if (!member.IsNew && (member.ParkedJoin is not null || member.ParkedSync is not null))
            {
                Touch(group, member, now);
                return;
            }

            RemoveMember(group, member, step);
            AfterRemoval(group, now, step);
        });

    /// <summary>Checks that the sender is the member that it says it is (KIP-345).</summary>
    static ErrorCode CheckMember(Group group, string memberId, string? instanceId, out GroupMember? member)
    {
        member = null;
        if (instanceId is not null)
        {
            if (!group.StaticMembers.TryGetValue(instanceId, out var current)) return ErrorCode.UnknownMemberId;
            if (current != memberId) return ErrorCode.FencedInstanceId;
        }

        return group.Members.TryGetValue(memberId, out member) ? ErrorCode.None : ErrorCode.UnknownMemberId;
    }

    CoordinatorRecord GroupRecord(Group group, Now now, Func<GroupMember, byte[]> assignment)
    {
        var value = new GroupMetadataValue
        {
            ProtocolType = group.ProtocolType ?? "",
            Generation = group.Generation,
            Protocol = group.ProtocolName,
            Leader = group.LeaderId,
            CurrentStateTimestamp = now.UnixMs,
        };
        foreach (var member in group.Members.Values)
        {
            value.Members.Add(new GroupMetadataValue.MemberMetadata
            {
                MemberId = member.MemberId,
                GroupInstanceId = member.InstanceId,
                ClientId = member.ClientId,
                ClientHost = member.ClientHost,
                RebalanceTimeout = member.RebalanceTimeoutMs,
                SessionTimeout = member.SessionTimeoutMs,
                Subscription = member.MetadataOf(group.ProtocolName) ?? [],
                Assignment = assignment(member),
            });
        }

        return new CoordinatorRecord(
            GroupRecords.GroupType, GroupRecords.Key(group.Id), value, GroupRecords.GroupVersion);
    }

    /// <summary>Topics that the members of a stable consumer group subscribe to; null if that cannot be told.</summary>
    static HashSet<string>? SubscribedTopics(Group group)
    {
        if (group.ProtocolType != "consumer" || group.ProtocolName is null) return null;
        HashSet<string> topics = new(StringComparer.Ordinal);
        foreach (var member in group.Members.Values)
        {
            if (!ReadTopics(member.MetadataOf(group.ProtocolName), topics)) return null;
        }

        return topics;
    }

    // The embedded consumer protocol begins: int16 version, int32 count, strings. The rest does not matter here.
    static bool ReadTopics(ReadOnlySpan<byte> metadata, HashSet<string> topics)
    {
        if (metadata.Length < 6) return false;
        var count = BinaryPrimitives.ReadInt32BigEndian(metadata[2..]);
        metadata = metadata[6..];
        for (var i = 0; i < count; i++)
        {
            if (metadata.Length < 2) return false;
            var length = BinaryPrimitives.ReadInt16BigEndian(metadata);
            if (length < 0 || metadata.Length < 2 + length) return false;
            topics.Add(System.Text.Encoding.UTF8.GetString(metadata.Slice(2, length)));
            metadata = metadata[(2 + length)..];
        }

        return true;
    }
}
