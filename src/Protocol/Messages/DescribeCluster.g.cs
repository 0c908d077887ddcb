// Made from 60_DescribeCluster.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Asks for the brokers and the controller.</summary>
public sealed class DescribeClusterRequest : IRequest<DescribeClusterResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.DescribeCluster;

    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 2;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 0;

    /// <summary>Whether the operations the client may do on the cluster are wanted.</summary>
    public bool IncludeClusterAuthorizedOperations { get; set; }

    /// <summary>Whose endpoints are wanted: 1 brokers, 2 controllers (KIP-919).</summary>
    /// <remarks>Since version 1.</remarks>
    public sbyte EndpointType { get; set; } = 1;

    /// <summary>Whether brokers that are fenced are wanted too (KIP-1073).</summary>
    /// <remarks>Since version 2.</remarks>
    public bool IncludeFencedBrokers { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(DescribeClusterRequest), version, 0, 2);
        writer.WriteBool(IncludeClusterAuthorizedOperations);
        if (version >= 1)
            writer.WriteInt8(EndpointType);
        else if (EndpointType != 1)
            throw MessageChecks.NotInVersion("DescribeClusterRequest.EndpointType", version);
        if (version >= 2)
            writer.WriteBool(IncludeFencedBrokers);
        else if (IncludeFencedBrokers)
            throw MessageChecks.NotInVersion("DescribeClusterRequest.IncludeFencedBrokers", version);
        writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(DescribeClusterRequest), version, 0, 2))
            return;
        IncludeClusterAuthorizedOperations = reader.ReadBool();
        if (version >= 1)
            EndpointType = reader.ReadInt8();
        if (version >= 2)
            IncludeFencedBrokers = reader.ReadBool();
        reader.SkipTags();
    }
}

/// <summary>The brokers and the controller.</summary>
public sealed class DescribeClusterResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or none.</summary>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>What went wrong in words, or null.</summary>
    public string? ErrorMessage { get; set; }

    /// <summary>Whose endpoints were asked for: 1 brokers, 2 controllers (KIP-919).</summary>
    /// <remarks>Since version 1.</remarks>
    public sbyte EndpointType { get; set; } = 1;

    /// <summary>The cluster's id.</summary>
    public string ClusterId { get; set; } = "";

    /// <summary>The controller's id, or -1 if none is known.</summary>
    public int ControllerId { get; set; } = -1;

    /// <summary>The brokers that are alive.</summary>
    public List<DescribeClusterBroker> Brokers { get; set; } = [];

    /// <summary>The operations the client may do on the cluster, as a bit field; the lowest integer if not asked
    /// for.</summary>
    public int ClusterAuthorizedOperations { get; set; } = -2147483648;

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(DescribeClusterResponse), version, 0, 2);
        writer.WriteInt32(ThrottleTimeMs);
        writer.WriteErrorCode(ErrorCode);
        writer.WriteNullableString(ErrorMessage, compact: true);
        if (version >= 1)
            writer.WriteInt8(EndpointType);
        else if (EndpointType != 1)
            throw MessageChecks.NotInVersion("DescribeClusterResponse.EndpointType", version);
        writer.WriteString(ClusterId, compact: true);
        writer.WriteInt32(ControllerId);
        writer.WriteArrayLength(Brokers.Count, compact: true);
        foreach (var item in Brokers)
            item.Write(writer, version);
        writer.WriteInt32(ClusterAuthorizedOperations);
        writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(DescribeClusterResponse), version, 0, 2))
            return;
        ThrottleTimeMs = reader.ReadInt32();
        ErrorCode = reader.ReadErrorCode();
        ErrorMessage = reader.ReadNullableString(compact: true);
        if (version >= 1)
            EndpointType = reader.ReadInt8();
        ClusterId = reader.ReadString(compact: true);
        ControllerId = reader.ReadInt32();
        var brokersCount = reader.ReadArrayLength(11, compact: true);
        Brokers.EnsureCapacity(brokersCount);
        for (; brokersCount > 0 && !reader.IsBad; brokersCount--)
        {
            var item = new DescribeClusterBroker();
            item.Read(ref reader, version);
            Brokers.Add(item);
        }
        ClusterAuthorizedOperations = reader.ReadInt32();
        reader.SkipTags();
    }

    /// <summary>One of <see cref="DescribeClusterResponse.Brokers"/>.</summary>
    public sealed class DescribeClusterBroker
    {
        /// <summary>The broker's id.</summary>
        public int BrokerId { get; set; }

        /// <summary>The host name to connect to.</summary>
        public string Host { get; set; } = "";

        /// <summary>The port to connect to.</summary>
        public int Port { get; set; }

        /// <summary>The broker's rack, or null.</summary>
        public string? Rack { get; set; }

        /// <summary>Whether the broker is fenced, that is, registered but not serving.</summary>
        /// <remarks>Since version 2.</remarks>
        public bool IsFenced { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteInt32(BrokerId);
            writer.WriteString(Host, compact: true);
            writer.WriteInt32(Port);
            writer.WriteNullableString(Rack, compact: true);
            if (version >= 2)
                writer.WriteBool(IsFenced);
            else if (IsFenced)
                throw MessageChecks.NotInVersion("DescribeClusterResponse.DescribeClusterBroker.IsFenced", version);
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            BrokerId = reader.ReadInt32();
            Host = reader.ReadString(compact: true);
            Port = reader.ReadInt32();
            Rack = reader.ReadNullableString(compact: true);
            if (version >= 2)
                IsFenced = reader.ReadBool();
            reader.SkipTags();
        }
    }
}
