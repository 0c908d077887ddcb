// Made from 15_DescribeGroups.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Asks for the state and the members of classic groups.</summary>
public sealed class DescribeGroupsRequest : IRequest<DescribeGroupsResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.DescribeGroups;

    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 6;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 5;

    /// <summary>The ids of the groups to describe.</summary>
    public List<string> Groups { get; set; } = [];

    /// <summary>Whether the operations the client may do on the groups are wanted.</summary>
    /// <remarks>Since version 3.</remarks>
    public bool IncludeAuthorizedOperations { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(DescribeGroupsRequest), version, 0, 6);
        var flexible = version >= 5;
        writer.WriteArrayLength(Groups.Count, flexible);
        foreach (var item in Groups)
            writer.WriteString(item, flexible);
        if (version >= 3)
            writer.WriteBool(IncludeAuthorizedOperations);
        else if (IncludeAuthorizedOperations)
            throw MessageChecks.NotInVersion("DescribeGroupsRequest.IncludeAuthorizedOperations", version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(DescribeGroupsRequest), version, 0, 6))
            return;
        var flexible = version >= 5;
        var groupsCount = reader.ReadArrayLength(flexible ? 1 : 2, flexible);
        Groups.EnsureCapacity(groupsCount);
        for (; groupsCount > 0 && !reader.IsBad; groupsCount--)
            Groups.Add(reader.ReadString(flexible));
        if (version >= 3)
            IncludeAuthorizedOperations = reader.ReadBool();
        if (flexible)
            reader.SkipTags();
    }
}

/// <summary>The state and the members of the groups.</summary>
public sealed class DescribeGroupsResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    /// <remarks>Since version 1; left out without an error in the others.</remarks>
    public int ThrottleTimeMs { get; set; }

    /// <summary>The groups, one for each id asked for.</summary>
    public List<DescribedGroup> Groups { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(DescribeGroupsResponse), version, 0, 6);
        var flexible = version >= 5;
        if (version >= 1)
            writer.WriteInt32(ThrottleTimeMs);
        writer.WriteArrayLength(Groups.Count, flexible);
        foreach (var item in Groups)
            item.Write(writer, version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(DescribeGroupsResponse), version, 0, 6))
            return;
        var flexible = version >= 5;
        if (version >= 1)
            ThrottleTimeMs = reader.ReadInt32();
        var groupsCount = reader.ReadArrayLength(flexible ? 12 : 14, flexible);
        Groups.EnsureCapacity(groupsCount);
        for (; groupsCount > 0 && !reader.IsBad; groupsCount--)
        {
            var item = new DescribedGroup();
            item.Read(ref reader, version);
            Groups.Add(item);
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="DescribeGroupsResponse.Groups"/>.</summary>
    public sealed class DescribedGroup
    {
        /// <summary>What went wrong, or none.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>What went wrong in words, or null.</summary>
        /// <remarks>Since version 6.</remarks>
        public string? ErrorMessage { get; set; }

        /// <summary>The group's id.</summary>
        public string GroupId { get; set; } = "";

        /// <summary>The state of the group, by name.</summary>
        public string GroupState { get; set; } = "";

        /// <summary>The kind of group: "consumer" for consumers, "connect" for Connect.</summary>
        public string ProtocolType { get; set; } = "";

        /// <summary>The protocol in use, for consumers the assignor, or empty.</summary>
        public string ProtocolData { get; set; } = "";

        /// <summary>The members.</summary>
        public List<DescribedGroupMember> Members { get; set; } = [];

        /// <summary>The operations the client may do on the group, as a bit field; the lowest integer if not asked
        /// for.</summary>
        /// <remarks>Since version 3.</remarks>
        public int AuthorizedOperations { get; set; } = -2147483648;

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 5;
            writer.WriteErrorCode(ErrorCode);
            if (version >= 6)
                writer.WriteNullableString(ErrorMessage, compact: true);
            else if (ErrorMessage is not null)
                throw MessageChecks.NotInVersion("DescribeGroupsResponse.DescribedGroup.ErrorMessage", version);
            writer.WriteString(GroupId, flexible);
            writer.WriteString(GroupState, flexible);
            writer.WriteString(ProtocolType, flexible);
            writer.WriteString(ProtocolData, flexible);
            writer.WriteArrayLength(Members.Count, flexible);
            foreach (var item in Members)
                item.Write(writer, version);
            if (version >= 3)
                writer.WriteInt32(AuthorizedOperations);
            else if (AuthorizedOperations != -2147483648)
                throw MessageChecks.NotInVersion("DescribeGroupsResponse.DescribedGroup.AuthorizedOperations", version);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 5;
            ErrorCode = reader.ReadErrorCode();
            if (version >= 6)
                ErrorMessage = reader.ReadNullableString(compact: true);
            GroupId = reader.ReadString(flexible);
            GroupState = reader.ReadString(flexible);
            ProtocolType = reader.ReadString(flexible);
            ProtocolData = reader.ReadString(flexible);
            var membersCount = reader.ReadArrayLength(flexible ? 7 : 14, flexible);
            Members.EnsureCapacity(membersCount);
            for (; membersCount > 0 && !reader.IsBad; membersCount--)
            {
                var item = new DescribedGroupMember();
                item.Read(ref reader, version);
                Members.Add(item);
            }
            if (version >= 3)
                AuthorizedOperations = reader.ReadInt32();
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="DescribedGroup.Members"/>.</summary>
    public sealed class DescribedGroupMember
    {
        /// <summary>The member's id, given by the coordinator.</summary>
        public string MemberId { get; set; } = "";

        /// <summary>The member's name across restarts, for static membership (KIP-345), or null.</summary>
        /// <remarks>Since version 4; left out without an error in the others.</remarks>
        public string? GroupInstanceId { get; set; }

        /// <summary>The client id in the member's request headers.</summary>
        public string ClientId { get; set; } = "";

        /// <summary>The host that the member connected from.</summary>
        public string ClientHost { get; set; } = "";

        /// <summary>What the member sent with its protocol when it joined, as opaque bytes.</summary>
        public ReadOnlyMemory<byte> MemberMetadata { get; set; }

        /// <summary>What the member was assigned, as opaque bytes.</summary>
        public ReadOnlyMemory<byte> MemberAssignment { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 5;
            writer.WriteString(MemberId, flexible);
            if (version >= 4)
                writer.WriteNullableString(GroupInstanceId, flexible);
            writer.WriteString(ClientId, flexible);
            writer.WriteString(ClientHost, flexible);
            writer.WriteBytes(MemberMetadata, flexible);
            writer.WriteBytes(MemberAssignment, flexible);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 5;
            MemberId = reader.ReadString(flexible);
            if (version >= 4)
                GroupInstanceId = reader.ReadNullableString(flexible);
            ClientId = reader.ReadString(flexible);
            ClientHost = reader.ReadString(flexible);
            MemberMetadata = reader.ReadBytes(flexible);
            MemberAssignment = reader.ReadBytes(flexible);
            if (flexible)
                reader.SkipTags();
        }
    }
}
