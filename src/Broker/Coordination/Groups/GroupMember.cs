using Millrace.Protocol.Messages;

namespace Millrace.Broker.Coordination.Groups;

/// <summary>One member of a classic group. Holds copies of what the client sent, never borrowed bytes.</summary>
sealed class GroupMember(string memberId, string? instanceId, string clientId, string clientHost)
{
    public string MemberId { get; } = memberId;

    public string? InstanceId { get; } = instanceId;

    public string ClientId { get; set; } = clientId;

    public string ClientHost { get; set; } = clientHost;

    public int RebalanceTimeoutMs { get; set; }

    public int SessionTimeoutMs { get; set; }

    /// <summary>In the member's order of preference.</summary>
    public List<(string Name, byte[] Metadata)> Protocols { get; set; } = [];

    public byte[] Assignment { get; set; } = [];

    /// <summary>The JoinGroup call that waits for the other members.</summary>
    public ReplyTo<JoinGroupResponse>? ParkedJoin { get; set; }

    /// <summary>The SyncGroup call that waits for the leader's assignment.</summary>
    public ReplyTo<SyncGroupResponse>? ParkedSync { get; set; }

    /// <summary>True once the member sent SyncGroup in this generation.</summary>
    public bool HasSynced { get; set; }

    /// <summary>True until its first JoinGroup is answered. Such a member may have no id that the client knows, so a
    /// client that gave up leaves it behind: it does not outlive the join timeout even while parked.</summary>
    public bool IsNew { get; set; }

    /// <summary>When the session ends, in <see cref="Now.TickMs"/>. Heartbeats move this; the timer looks when it
    /// fires.</summary>
    public long SessionDeadlineMs { get; set; }

    public CoordinatorTimer? SessionTimer { get; set; }

    public byte[]? MetadataOf(string? protocol)
    {
        foreach (var (name, metadata) in Protocols)
        {
            if (name == protocol) return metadata;
        }

        return null;
    }

    /// <summary>True if the protocols are the same, in the same order, with the same metadata.</summary>
    public bool Matches(List<JoinGroupRequest.JoinGroupRequestProtocol> protocols)
    {
        if (protocols.Count != Protocols.Count) return false;
        for (var i = 0; i < protocols.Count; i++)
        {
            if (protocols[i].Name != Protocols[i].Name) return false;
            if (!protocols[i].Metadata.Span.SequenceEqual(Protocols[i].Metadata)) return false;
        }

        return true;
    }

    public void SetProtocols(List<JoinGroupRequest.JoinGroupRequestProtocol> protocols)
    {
        var copy = new List<(string, byte[])>(protocols.Count);
        foreach (var protocol in protocols) copy.Add((protocol.Name, protocol.Metadata.ToArray()));
        Protocols = copy;
    }
}
