// Made from 10_FindCoordinator.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Asks which broker looks after a group or a transactional id.</summary>
public sealed class FindCoordinatorRequest : IRequest<FindCoordinatorResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.FindCoordinator;

    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 6;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 3;

    /// <summary>The group id or transactional id to look up.</summary>
    /// <remarks>Up to version 3.</remarks>
    public string Key { get; set; } = "";

    /// <summary>What the keys are: 0 groups, 1 transactional ids, 2 share partitions.</summary>
    /// <remarks>Since version 1.</remarks>
    public sbyte KeyType { get; set; }

    /// <summary>The group ids or transactional ids to look up (KIP-699).</summary>
    /// <remarks>Since version 4.</remarks>
    public List<string> CoordinatorKeys { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(FindCoordinatorRequest), version, 0, 6);
        var flexible = version >= 3;
        if (version <= 3)
            writer.WriteString(Key, flexible);
        else if (Key != "")
            throw MessageChecks.NotInVersion("FindCoordinatorRequest.Key", version);
        if (version >= 1)
            writer.WriteInt8(KeyType);
        else if (KeyType != 0)
            throw MessageChecks.NotInVersion("FindCoordinatorRequest.KeyType", version);
        if (version >= 4)
        {
            writer.WriteArrayLength(CoordinatorKeys.Count, compact: true);
            foreach (var item in CoordinatorKeys)
                writer.WriteString(item, compact: true);
        }
        else if (CoordinatorKeys.Count != 0)
            throw MessageChecks.NotInVersion("FindCoordinatorRequest.CoordinatorKeys", version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(FindCoordinatorRequest), version, 0, 6))
            return;
        var flexible = version >= 3;
        if (version <= 3)
            Key = reader.ReadString(flexible);
        if (version >= 1)
            KeyType = reader.ReadInt8();
        if (version >= 4)
        {
            var coordinatorKeysCount = reader.ReadArrayLength(1, compact: true);
            CoordinatorKeys.EnsureCapacity(coordinatorKeysCount);
            for (; coordinatorKeysCount > 0 && !reader.IsBad; coordinatorKeysCount--)
                CoordinatorKeys.Add(reader.ReadString(compact: true));
        }
        if (flexible)
            reader.SkipTags();
    }
}

/// <summary>The brokers that look after the keys.</summary>
public sealed class FindCoordinatorResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    /// <remarks>Since version 1; left out without an error in the others.</remarks>
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or none.</summary>
    /// <remarks>Up to version 3.</remarks>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>What went wrong in words, or null.</summary>
    /// <remarks>Versions 1 to 3; left out without an error in the others.</remarks>
    public string? ErrorMessage { get; set; } = "";

    /// <summary>The broker's id.</summary>
    /// <remarks>Up to version 3.</remarks>
    public int NodeId { get; set; }

    /// <summary>The host name to connect to.</summary>
    /// <remarks>Up to version 3.</remarks>
    public string Host { get; set; } = "";

    /// <summary>The port to connect to.</summary>
    /// <remarks>Up to version 3.</remarks>
    public int Port { get; set; }

    /// <summary>The coordinators, one for each key.</summary>
    /// <remarks>Since version 4.</remarks>
    public List<Coordinator> Coordinators { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(FindCoordinatorResponse), version, 0, 6);
        var flexible = version >= 3;
        if (version >= 1)
            writer.WriteInt32(ThrottleTimeMs);
        if (version <= 3)
            writer.WriteErrorCode(ErrorCode);
        else if (ErrorCode != ErrorCode.None)
            throw MessageChecks.NotInVersion("FindCoordinatorResponse.ErrorCode", version);
        if (version is >= 1 and <= 3)
            writer.WriteNullableString(ErrorMessage, flexible);
        if (version <= 3)
            writer.WriteInt32(NodeId);
        else if (NodeId != 0)
            throw MessageChecks.NotInVersion("FindCoordinatorResponse.NodeId", version);
        if (version <= 3)
            writer.WriteString(Host, flexible);
        else if (Host != "")
            throw MessageChecks.NotInVersion("FindCoordinatorResponse.Host", version);
        if (version <= 3)
            writer.WriteInt32(Port);
        else if (Port != 0)
            throw MessageChecks.NotInVersion("FindCoordinatorResponse.Port", version);
        if (version >= 4)
        {
            writer.WriteArrayLength(Coordinators.Count, compact: true);
            foreach (var item in Coordinators)
                item.Write(writer, version);
        }
        else if (Coordinators.Count != 0)
            throw MessageChecks.NotInVersion("FindCoordinatorResponse.Coordinators", version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(FindCoordinatorResponse), version, 0, 6))
            return;
        var flexible = version >= 3;
        if (version >= 1)
            ThrottleTimeMs = reader.ReadInt32();
        if (version <= 3)
            ErrorCode = reader.ReadErrorCode();
        if (version is >= 1 and <= 3)
            ErrorMessage = reader.ReadNullableString(flexible);
        if (version <= 3)
            NodeId = reader.ReadInt32();
        if (version <= 3)
            Host = reader.ReadString(flexible);
        if (version <= 3)
            Port = reader.ReadInt32();
        if (version >= 4)
        {
            var coordinatorsCount = reader.ReadArrayLength(14, compact: true);
            Coordinators.EnsureCapacity(coordinatorsCount);
            for (; coordinatorsCount > 0 && !reader.IsBad; coordinatorsCount--)
            {
                var item = new Coordinator();
                item.Read(ref reader, version);
                Coordinators.Add(item);
            }
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="FindCoordinatorResponse.Coordinators"/>.</summary>
    public sealed class Coordinator
    {
        /// <summary>The group id or transactional id that was looked up.</summary>
        public string Key { get; set; } = "";

        /// <summary>The broker's id.</summary>
        public int NodeId { get; set; }

        /// <summary>The host name to connect to.</summary>
        public string Host { get; set; } = "";

        /// <summary>The port to connect to.</summary>
        public int Port { get; set; }

        /// <summary>What went wrong, or none.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>What went wrong in words, or null.</summary>
        public string? ErrorMessage { get; set; } = "";

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteString(Key, compact: true);
            writer.WriteInt32(NodeId);
            writer.WriteString(Host, compact: true);
            writer.WriteInt32(Port);
            writer.WriteErrorCode(ErrorCode);
            writer.WriteNullableString(ErrorMessage, compact: true);
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            Key = reader.ReadString(compact: true);
            NodeId = reader.ReadInt32();
            Host = reader.ReadString(compact: true);
            Port = reader.ReadInt32();
            ErrorCode = reader.ReadErrorCode();
            ErrorMessage = reader.ReadNullableString(compact: true);
            reader.SkipTags();
        }
    }
}
