// Made from 13_LeaveGroup.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Takes members out of a group at once.</summary>
public sealed class LeaveGroupRequest : IRequest<LeaveGroupResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.LeaveGroup;

    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 5;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 4;

    /// <summary>The group's id.</summary>
    public string GroupId { get; set; } = "";

    /// <summary>The member's id, given by the coordinator.</summary>
    /// <remarks>Up to version 2.</remarks>
    public string MemberId { get; set; } = "";

    /// <summary>The members that leave.</summary>
    /// <remarks>Since version 3.</remarks>
    public List<MemberIdentity> Members { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(LeaveGroupRequest), version, 0, 5);
        var flexible = version >= 4;
        writer.WriteString(GroupId, flexible);
        if (version <= 2)
            writer.WriteString(MemberId);
        else if (MemberId != "")
            throw MessageChecks.NotInVersion("LeaveGroupRequest.MemberId", version);
        if (version >= 3)
        {
            writer.WriteArrayLength(Members.Count, flexible);
            foreach (var item in Members)
                item.Write(writer, version);
        }
        else if (Members.Count != 0)
            throw MessageChecks.NotInVersion("LeaveGroupRequest.Members", version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(LeaveGroupRequest), version, 0, 5))
            return;
        var flexible = version >= 4;
        GroupId = reader.ReadString(flexible);
        if (version <= 2)
            MemberId = reader.ReadString();
        if (version >= 3)
        {
            var membersCount = reader.ReadArrayLength(flexible ? 3 : 4, flexible);
            Members.EnsureCapacity(membersCount);
            for (; membersCount > 0 && !reader.IsBad; membersCount--)
            {
                var item = new MemberIdentity();
                item.Read(ref reader, version);
                Members.Add(item);
            }
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="LeaveGroupRequest.Members"/>.</summary>
    public sealed class MemberIdentity
    {
        /// <summary>The member's id, given by the coordinator.</summary>
        public string MemberId { get; set; } = "";

        /// <summary>The member's name across restarts, for static membership (KIP-345), or null.</summary>
        public string? GroupInstanceId { get; set; }

        /// <summary>Why the member leaves (KIP-800), for the coordinator's log.</summary>
        /// <remarks>Since version 5; left out without an error in the others.</remarks>
        public string? Reason { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 4;
            writer.WriteString(MemberId, flexible);
            writer.WriteNullableString(GroupInstanceId, flexible);
            if (version >= 5)
                writer.WriteNullableString(Reason, compact: true);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 4;
            MemberId = reader.ReadString(flexible);
            GroupInstanceId = reader.ReadNullableString(flexible);
            if (version >= 5)
                Reason = reader.ReadNullableString(compact: true);
            if (flexible)
                reader.SkipTags();
        }
    }
}

/// <summary>Which members are out.</summary>
public sealed class LeaveGroupResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    /// <remarks>Since version 1; left out without an error in the others.</remarks>
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or none.</summary>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>The outcome for each member.</summary>
    /// <remarks>Since version 3.</remarks>
    public List<MemberResponse> Members { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(LeaveGroupResponse), version, 0, 5);
        var flexible = version >= 4;
        if (version >= 1)
            writer.WriteInt32(ThrottleTimeMs);
        writer.WriteErrorCode(ErrorCode);
        if (version >= 3)
        {
            writer.WriteArrayLength(Members.Count, flexible);
            foreach (var item in Members)
                item.Write(writer, version);
        }
        else if (Members.Count != 0)
            throw MessageChecks.NotInVersion("LeaveGroupResponse.Members", version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(LeaveGroupResponse), version, 0, 5))
            return;
        var flexible = version >= 4;
        if (version >= 1)
            ThrottleTimeMs = reader.ReadInt32();
        ErrorCode = reader.ReadErrorCode();
        if (version >= 3)
        {
            var membersCount = reader.ReadArrayLength(flexible ? 5 : 6, flexible);
            Members.EnsureCapacity(membersCount);
            for (; membersCount > 0 && !reader.IsBad; membersCount--)
            {
                var item = new MemberResponse();
                item.Read(ref reader, version);
                Members.Add(item);
            }
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="LeaveGroupResponse.Members"/>.</summary>
    public sealed class MemberResponse
    {
        /// <summary>The member's id, given by the coordinator.</summary>
        public string MemberId { get; set; } = "";

        /// <summary>The member's name across restarts, for static membership (KIP-345), or null.</summary>
        public string? GroupInstanceId { get; set; } = "";

        /// <summary>What went wrong, or none.</summary>
        public ErrorCode ErrorCode { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 4;
            writer.WriteString(MemberId, flexible);
            writer.WriteNullableString(GroupInstanceId, flexible);
            writer.WriteErrorCode(ErrorCode);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 4;
            MemberId = reader.ReadString(flexible);
            GroupInstanceId = reader.ReadNullableString(flexible);
            ErrorCode = reader.ReadErrorCode();
            if (flexible)
                reader.SkipTags();
        }
    }
}
