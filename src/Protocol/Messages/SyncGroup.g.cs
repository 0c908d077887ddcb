// Made from 14_SyncGroup.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Hands the leader's assignment to the coordinator, and asks for one's own.</summary>
public sealed class SyncGroupRequest : IRequest<SyncGroupResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.SyncGroup;

    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 5;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 4;

    /// <summary>The group's id.</summary>
    public string GroupId { get; set; } = "";

    /// <summary>The generation of the group.</summary>
    public int GenerationId { get; set; }

    /// <summary>The member's id, given by the coordinator.</summary>
    public string MemberId { get; set; } = "";

    /// <summary>The member's name across restarts, for static membership (KIP-345), or null.</summary>
    /// <remarks>Since version 3.</remarks>
    public string? GroupInstanceId { get; set; }

    /// <summary>The kind of group: "consumer" for consumers, "connect" for Connect.</summary>
    /// <remarks>Since version 5; left out without an error in the others.</remarks>
    public string? ProtocolType { get; set; }

    /// <summary>The protocol in use, for consumers the assignor.</summary>
    /// <remarks>Since version 5; left out without an error in the others.</remarks>
    public string? ProtocolName { get; set; }

    /// <summary>What each member gets: filled by the leader, empty from everybody else.</summary>
    public List<SyncGroupRequestAssignment> Assignments { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(SyncGroupRequest), version, 0, 5);
        var flexible = version >= 4;
        writer.WriteString(GroupId, flexible);
        writer.WriteInt32(GenerationId);
        writer.WriteString(MemberId, flexible);
        if (version >= 3)
            writer.WriteNullableString(GroupInstanceId, flexible);
        else if (GroupInstanceId is not null)
            throw MessageChecks.NotInVersion("SyncGroupRequest.GroupInstanceId", version);
        if (version >= 5)
            writer.WriteNullableString(ProtocolType, compact: true);
        if (version >= 5)
            writer.WriteNullableString(ProtocolName, compact: true);
        writer.WriteArrayLength(Assignments.Count, flexible);
        foreach (var item in Assignments)
            item.Write(writer, version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(SyncGroupRequest), version, 0, 5))
            return;
        var flexible = version >= 4;
        GroupId = reader.ReadString(flexible);
        GenerationId = reader.ReadInt32();
        MemberId = reader.ReadString(flexible);
        if (version >= 3)
            GroupInstanceId = reader.ReadNullableString(flexible);
        if (version >= 5)
            ProtocolType = reader.ReadNullableString(compact: true);
        if (version >= 5)
            ProtocolName = reader.ReadNullableString(compact: true);
        var assignmentsCount = reader.ReadArrayLength(flexible ? 3 : 6, flexible);
        Assignments.EnsureCapacity(assignmentsCount);
        for (; assignmentsCount > 0 && !reader.IsBad; assignmentsCount--)
        {
            var item = new SyncGroupRequestAssignment();
            item.Read(ref reader, version);
            Assignments.Add(item);
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="SyncGroupRequest.Assignments"/>.</summary>
    public sealed class SyncGroupRequestAssignment
    {
        /// <summary>The member's id, given by the coordinator.</summary>
        public string MemberId { get; set; } = "";

        /// <summary>The member's assignment, opaque to the coordinator; for consumers a
        /// ConsumerProtocolAssignment.</summary>
        public ReadOnlyMemory<byte> Assignment { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 4;
            writer.WriteString(MemberId, flexible);
            writer.WriteBytes(Assignment, flexible);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 4;
            MemberId = reader.ReadString(flexible);
            Assignment = reader.ReadBytes(flexible);
            if (flexible)
                reader.SkipTags();
        }
    }
}

/// <summary>What this member was assigned.</summary>
public sealed class SyncGroupResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    /// <remarks>Since version 1; left out without an error in the others.</remarks>
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or none.</summary>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>The kind of group: "consumer" for consumers, "connect" for Connect.</summary>
    /// <remarks>Since version 5; left out without an error in the others.</remarks>
    public string? ProtocolType { get; set; }

    /// <summary>The protocol in use, for consumers the assignor.</summary>
    /// <remarks>Since version 5; left out without an error in the others.</remarks>
    public string? ProtocolName { get; set; }

    /// <summary>This member's assignment, opaque to the coordinator; for consumers a
    /// ConsumerProtocolAssignment.</summary>
    public ReadOnlyMemory<byte> Assignment { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(SyncGroupResponse), version, 0, 5);
        var flexible = version >= 4;
        if (version >= 1)
            writer.WriteInt32(ThrottleTimeMs);
        writer.WriteErrorCode(ErrorCode);
        if (version >= 5)
            writer.WriteNullableString(ProtocolType, compact: true);
        if (version >= 5)
            writer.WriteNullableString(ProtocolName, compact: true);
        writer.WriteBytes(Assignment, flexible);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(SyncGroupResponse), version, 0, 5))
            return;
        var flexible = version >= 4;
        if (version >= 1)
            ThrottleTimeMs = reader.ReadInt32();
        ErrorCode = reader.ReadErrorCode();
        if (version >= 5)
            ProtocolType = reader.ReadNullableString(compact: true);
        if (version >= 5)
            ProtocolName = reader.ReadNullableString(compact: true);
        Assignment = reader.ReadBytes(flexible);
        if (flexible)
            reader.SkipTags();
    }
}
