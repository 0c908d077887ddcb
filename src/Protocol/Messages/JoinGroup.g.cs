// Made from 11_JoinGroup.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Enters a group, or its next generation (classic protocol).</summary>
public sealed class JoinGroupRequest : IRequest<JoinGroupResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.JoinGroup;

    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 9;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 6;

    /// <summary>The group's id.</summary>
    public string GroupId { get; set; } = "";

    /// <summary>How long the coordinator waits for a heartbeat before the member counts as dead, in
    /// milliseconds.</summary>
    public int SessionTimeoutMs { get; set; }

    /// <summary>How long the coordinator waits for the member in a rebalance, in milliseconds. -1 stands for the
    /// session timeout.</summary>
    /// <remarks>Since version 1; left out without an error in the others.</remarks>
    public int RebalanceTimeoutMs { get; set; } = -1;

    /// <summary>The id that the coordinator gave the member, or empty when it joins for the first time.</summary>
    public string MemberId { get; set; } = "";

    /// <summary>The member's name across restarts, for static membership (KIP-345), or null.</summary>
    /// <remarks>Since version 5.</remarks>
    public string? GroupInstanceId { get; set; }

    /// <summary>The kind of group: "consumer" for consumers, "connect" for Connect.</summary>
    public string ProtocolType { get; set; } = "";

    /// <summary>The protocols that the member can do, the most wanted first.</summary>
    public List<JoinGroupRequestProtocol> Protocols { get; set; } = [];

    /// <summary>Why the member joins (KIP-800), for the coordinator's log.</summary>
    /// <remarks>Since version 8; left out without an error in the others.</remarks>
    public string? Reason { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(JoinGroupRequest), version, 0, 9);
        var flexible = version >= 6;
        writer.WriteString(GroupId, flexible);
        writer.WriteInt32(SessionTimeoutMs);
        if (version >= 1)
            writer.WriteInt32(RebalanceTimeoutMs);
        writer.WriteString(MemberId, flexible);
        if (version >= 5)
            writer.WriteNullableString(GroupInstanceId, flexible);
        else if (GroupInstanceId is not null)
            throw MessageChecks.NotInVersion("JoinGroupRequest.GroupInstanceId", version);
        writer.WriteString(ProtocolType, flexible);
        writer.WriteArrayLength(Protocols.Count, flexible);
        foreach (var item in Protocols)
            item.Write(writer, version);
        if (version >= 8)
            writer.WriteNullableString(Reason, compact: true);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(JoinGroupRequest), version, 0, 9))
            return;
        var flexible = version >= 6;
        GroupId = reader.ReadString(flexible);
        SessionTimeoutMs = reader.ReadInt32();
        if (version >= 1)
            RebalanceTimeoutMs = reader.ReadInt32();
        MemberId = reader.ReadString(flexible);
        if (version >= 5)
            GroupInstanceId = reader.ReadNullableString(flexible);
        ProtocolType = reader.ReadString(flexible);
        var protocolsCount = reader.ReadArrayLength(flexible ? 3 : 6, flexible);
        Protocols.EnsureCapacity(protocolsCount);
        for (; protocolsCount > 0 && !reader.IsBad; protocolsCount--)
        {
            var item = new JoinGroupRequestProtocol();
            item.Read(ref reader, version);
            Protocols.Add(item);
        }
        if (version >= 8)
            Reason = reader.ReadNullableString(compact: true);
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="JoinGroupRequest.Protocols"/>.</summary>
    public sealed class JoinGroupRequestProtocol
    {
        /// <summary>The name of the protocol, for consumers that of the assignor.</summary>
        public string Name { get; set; } = "";

        /// <summary>What the assignor needs to know of the member; for consumers a
        /// ConsumerProtocolSubscription.</summary>
        public ReadOnlyMemory<byte> Metadata { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 6;
            writer.WriteString(Name, flexible);
            writer.WriteBytes(Metadata, flexible);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 6;
            Name = reader.ReadString(flexible);
            Metadata = reader.ReadBytes(flexible);
            if (flexible)
                reader.SkipTags();
        }
    }
}

/// <summary>The new generation, once every member has joined.</summary>
public sealed class JoinGroupResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    /// <remarks>Since version 2; left out without an error in the others.</remarks>
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or none.</summary>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>The generation of the group.</summary>
    public int GenerationId { get; set; } = -1;

    /// <summary>The kind of group: "consumer" for consumers, "connect" for Connect.</summary>
    /// <remarks>Since version 7; left out without an error in the others.</remarks>
    public string? ProtocolType { get; set; }

    /// <summary>The protocol in use, for consumers the assignor.</summary>
    /// <remarks>Null allowed since version 7.</remarks>
    public string? ProtocolName { get; set; } = "";

    /// <summary>The member id of the leader, who has to make the assignment.</summary>
    public string Leader { get; set; } = "";

    /// <summary>Whether the leader need not make an assignment, because the present one stays (KIP-814).</summary>
    /// <remarks>Since version 9.</remarks>
    public bool SkipAssignment { get; set; }

    /// <summary>The id of this member, given by the coordinator.</summary>
    public string MemberId { get; set; } = "";

    /// <summary>All members with their protocol metadata: only the leader gets them.</summary>
    public List<JoinGroupResponseMember> Members { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(JoinGroupResponse), version, 0, 9);
        var flexible = version >= 6;
        if (version >= 2)
            writer.WriteInt32(ThrottleTimeMs);
        writer.WriteErrorCode(ErrorCode);
        writer.WriteInt32(GenerationId);
        if (version >= 7)
            writer.WriteNullableString(ProtocolType, compact: true);
        if (ProtocolName is null && version < 7)
            throw MessageChecks.NullNotInVersion("JoinGroupResponse.ProtocolName", version);
        writer.WriteNullableString(ProtocolName, flexible);
        writer.WriteString(Leader, flexible);
        if (version >= 9)
            writer.WriteBool(SkipAssignment);
        else if (SkipAssignment)
            throw MessageChecks.NotInVersion("JoinGroupResponse.SkipAssignment", version);
        writer.WriteString(MemberId, flexible);
        writer.WriteArrayLength(Members.Count, flexible);
        foreach (var item in Members)
            item.Write(writer, version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(JoinGroupResponse), version, 0, 9))
            return;
        var flexible = version >= 6;
        if (version >= 2)
            ThrottleTimeMs = reader.ReadInt32();
        ErrorCode = reader.ReadErrorCode();
        GenerationId = reader.ReadInt32();
        if (version >= 7)
            ProtocolType = reader.ReadNullableString(compact: true);
        ProtocolName = version >= 7 ? reader.ReadNullableString(flexible) : reader.ReadString(flexible);
        Leader = reader.ReadString(flexible);
        if (version >= 9)
            SkipAssignment = reader.ReadBool();
        MemberId = reader.ReadString(flexible);
        var membersCount = reader.ReadArrayLength(flexible ? 4 : 6, flexible);
        Members.EnsureCapacity(membersCount);
        for (; membersCount > 0 && !reader.IsBad; membersCount--)
        {
            var item = new JoinGroupResponseMember();
            item.Read(ref reader, version);
            Members.Add(item);
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="JoinGroupResponse.Members"/>.</summary>
    public sealed class JoinGroupResponseMember
    {
        /// <summary>The member's id, given by the coordinator.</summary>
        public string MemberId { get; set; } = "";

        /// <summary>The member's name across restarts, for static membership (KIP-345), or null.</summary>
        /// <remarks>Since version 5; left out without an error in the others.</remarks>
        public string? GroupInstanceId { get; set; }

        /// <summary>What the member sent for the protocol chosen; for consumers a
        /// ConsumerProtocolSubscription.</summary>
        public ReadOnlyMemory<byte> Metadata { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 6;
            writer.WriteString(MemberId, flexible);
            if (version >= 5)
                writer.WriteNullableString(GroupInstanceId, flexible);
            writer.WriteBytes(Metadata, flexible);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 6;
            MemberId = reader.ReadString(flexible);
            if (version >= 5)
                GroupInstanceId = reader.ReadNullableString(flexible);
            Metadata = reader.ReadBytes(flexible);
            if (flexible)
                reader.SkipTags();
        }
    }
}
