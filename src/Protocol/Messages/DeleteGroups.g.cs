// Made from 42_DeleteGroups.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Deletes groups that have no members, with the offsets that they committed (KIP-229).</summary>
public sealed class DeleteGroupsRequest : IRequest<DeleteGroupsResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.DeleteGroups;

    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 2;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 2;

    /// <summary>The ids of the groups to delete.</summary>
    public List<string> GroupsNames { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(DeleteGroupsRequest), version, 0, 2);
        var flexible = version >= 2;
        writer.WriteArrayLength(GroupsNames.Count, flexible);
        foreach (var item in GroupsNames)
            writer.WriteString(item, flexible);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(DeleteGroupsRequest), version, 0, 2))
            return;
        var flexible = version >= 2;
        var groupsNamesCount = reader.ReadArrayLength(flexible ? 1 : 2, flexible);
        GroupsNames.EnsureCapacity(groupsNamesCount);
        for (; groupsNamesCount > 0 && !reader.IsBad; groupsNamesCount--)
            GroupsNames.Add(reader.ReadString(flexible));
        if (flexible)
            reader.SkipTags();
    }
}

/// <summary>Which groups were deleted.</summary>
public sealed class DeleteGroupsResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>The outcome for each group.</summary>
    public List<DeletableGroupResult> Results { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(DeleteGroupsResponse), version, 0, 2);
        var flexible = version >= 2;
        writer.WriteInt32(ThrottleTimeMs);
        writer.WriteArrayLength(Results.Count, flexible);
        foreach (var item in Results)
            item.Write(writer, version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(DeleteGroupsResponse), version, 0, 2))
            return;
        var flexible = version >= 2;
        ThrottleTimeMs = reader.ReadInt32();
        var resultsCount = reader.ReadArrayLength(4, flexible);
        Results.EnsureCapacity(resultsCount);
        for (; resultsCount > 0 && !reader.IsBad; resultsCount--)
        {
            var item = new DeletableGroupResult();
            item.Read(ref reader, version);
            Results.Add(item);
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="DeleteGroupsResponse.Results"/>.</summary>
    public sealed class DeletableGroupResult
    {
        /// <summary>The group's id.</summary>
        public string GroupId { get; set; } = "";

        /// <summary>What went wrong, or none.</summary>
        public ErrorCode ErrorCode { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 2;
            writer.WriteString(GroupId, flexible);
            writer.WriteErrorCode(ErrorCode);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 2;
            GroupId = reader.ReadString(flexible);
            ErrorCode = reader.ReadErrorCode();
            if (flexible)
                reader.SkipTags();
        }
    }
}
