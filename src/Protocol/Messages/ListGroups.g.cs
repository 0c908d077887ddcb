// Made from 16_ListGroups.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Asks which groups a broker coordinates.</summary>
public sealed class ListGroupsRequest : IRequest<ListGroupsResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.ListGroups;

    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 5;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 3;

    /// <summary>Only groups in one of these states (KIP-518); empty for all.</summary>
    /// <remarks>Since version 4.</remarks>
    public List<string> StatesFilter { get; set; } = [];

    /// <summary>Only groups of one of these types (KIP-848); empty for all.</summary>
    /// <remarks>Since version 5.</remarks>
    public List<string> TypesFilter { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(ListGroupsRequest), version, 0, 5);
        var flexible = version >= 3;
        if (version >= 4)
        {
            writer.WriteArrayLength(StatesFilter.Count, compact: true);
            foreach (var item in StatesFilter)
                writer.WriteString(item, compact: true);
        }
        else if (StatesFilter.Count != 0)
            throw MessageChecks.NotInVersion("ListGroupsRequest.StatesFilter", version);
        if (version >= 5)
        {
            writer.WriteArrayLength(TypesFilter.Count, compact: true);
            foreach (var item in TypesFilter)
                writer.WriteString(item, compact: true);
        }
        else if (TypesFilter.Count != 0)
            throw MessageChecks.NotInVersion("ListGroupsRequest.TypesFilter", version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(ListGroupsRequest), version, 0, 5))
            return;
        var flexible = version >= 3;
        if (version >= 4)
        {
            var statesFilterCount = reader.ReadArrayLength(1, compact: true);
            StatesFilter.EnsureCapacity(statesFilterCount);
            for (; statesFilterCount > 0 && !reader.IsBad; statesFilterCount--)
                StatesFilter.Add(reader.ReadString(compact: true));
        }
        if (version >= 5)
        {
            var typesFilterCount = reader.ReadArrayLength(1, compact: true);
            TypesFilter.EnsureCapacity(typesFilterCount);
            for (; typesFilterCount > 0 && !reader.IsBad; typesFilterCount--)
                TypesFilter.Add(reader.ReadString(compact: true));
        }
        if (flexible)
            reader.SkipTags();
    }
}

/// <summary>The groups that the broker coordinates.</summary>
public sealed class ListGroupsResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    /// <remarks>Since version 1; left out without an error in the others.</remarks>
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or none.</summary>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>The groups that this broker coordinates.</summary>
    public List<ListedGroup> Groups { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(ListGroupsResponse), version, 0, 5);
        var flexible = version >= 3;
        if (version >= 1)
            writer.WriteInt32(ThrottleTimeMs);
        writer.WriteErrorCode(ErrorCode);
        writer.WriteArrayLength(Groups.Count, flexible);
        foreach (var item in Groups)
            item.Write(writer, version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(ListGroupsResponse), version, 0, 5))
            return;
        var flexible = version >= 3;
        if (version >= 1)
            ThrottleTimeMs = reader.ReadInt32();
        ErrorCode = reader.ReadErrorCode();
        var groupsCount = reader.ReadArrayLength(flexible ? 3 : 4, flexible);
        Groups.EnsureCapacity(groupsCount);
        for (; groupsCount > 0 && !reader.IsBad; groupsCount--)
        {
            var item = new ListedGroup();
            item.Read(ref reader, version);
            Groups.Add(item);
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="ListGroupsResponse.Groups"/>.</summary>
    public sealed class ListedGroup
    {
        /// <summary>The group's id.</summary>
        public string GroupId { get; set; } = "";

        /// <summary>The kind of group: "consumer" for consumers, "connect" for Connect.</summary>
        public string ProtocolType { get; set; } = "";

        /// <summary>The state of the group, by name.</summary>
        /// <remarks>Since version 4; left out without an error in the others.</remarks>
        public string GroupState { get; set; } = "";

        /// <summary>The type of the group, by name: classic, consumer, share or streams.</summary>
        /// <remarks>Since version 5; left out without an error in the others.</remarks>
        public string GroupType { get; set; } = "";

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 3;
            writer.WriteString(GroupId, flexible);
            writer.WriteString(ProtocolType, flexible);
            if (version >= 4)
                writer.WriteString(GroupState, compact: true);
            if (version >= 5)
                writer.WriteString(GroupType, compact: true);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 3;
            GroupId = reader.ReadString(flexible);
            ProtocolType = reader.ReadString(flexible);
            if (version >= 4)
                GroupState = reader.ReadString(compact: true);
            if (version >= 5)
                GroupType = reader.ReadString(compact: true);
            if (flexible)
                reader.SkipTags();
        }
    }
}
