// Made from 12_Heartbeat.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Tells the coordinator that the member is alive.</summary>
public sealed class HeartbeatRequest : IRequest<HeartbeatResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.Heartbeat;

    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 4;

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

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(HeartbeatRequest), version, 0, 4);
        var flexible = version >= 4;
        writer.WriteString(GroupId, flexible);
        writer.WriteInt32(GenerationId);
        writer.WriteString(MemberId, flexible);
        if (version >= 3)
            writer.WriteNullableString(GroupInstanceId, flexible);
        else if (GroupInstanceId is not null)
            throw MessageChecks.NotInVersion("HeartbeatRequest.GroupInstanceId", version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(HeartbeatRequest), version, 0, 4))
            return;
        var flexible = version >= 4;
        GroupId = reader.ReadString(flexible);
        GenerationId = reader.ReadInt32();
        MemberId = reader.ReadString(flexible);
        if (version >= 3)
            GroupInstanceId = reader.ReadNullableString(flexible);
        if (flexible)
            reader.SkipTags();
    }
}

/// <summary>Whether the member's generation is still the current one.</summary>
public sealed class HeartbeatResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    /// <remarks>Since version 1; left out without an error in the others.</remarks>
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or none.</summary>
    public ErrorCode ErrorCode { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(HeartbeatResponse), version, 0, 4);
        var flexible = version >= 4;
        if (version >= 1)
            writer.WriteInt32(ThrottleTimeMs);
        writer.WriteErrorCode(ErrorCode);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(HeartbeatResponse), version, 0, 4))
            return;
        var flexible = version >= 4;
        if (version >= 1)
            ThrottleTimeMs = reader.ReadInt32();
        ErrorCode = reader.ReadErrorCode();
        if (flexible)
            reader.SkipTags();
    }
}
