// Made from 18_ApiVersions.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Asks which request types and versions the broker serves. The first request on a connection.</summary>
public sealed class ApiVersionsRequest : IRequest<ApiVersionsResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.ApiVersions;

    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 4;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 3;

    /// <summary>The name of the client library (KIP-511): letters, digits, dots and dashes.</summary>
    /// <remarks>Since version 3; left out without an error in the others.</remarks>
    public string ClientSoftwareName { get; set; } = "";

    /// <summary>The version of the client library, of the same characters.</summary>
    /// <remarks>Since version 3; left out without an error in the others.</remarks>
    public string ClientSoftwareVersion { get; set; } = "";

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(ApiVersionsRequest), version, 0, 4);
        var flexible = version >= 3;
        if (version >= 3)
            writer.WriteString(ClientSoftwareName, compact: true);
        if (version >= 3)
            writer.WriteString(ClientSoftwareVersion, compact: true);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(ApiVersionsRequest), version, 0, 4))
            return;
        var flexible = version >= 3;
        if (version >= 3)
            ClientSoftwareName = reader.ReadString(compact: true);
        if (version >= 3)
            ClientSoftwareVersion = reader.ReadString(compact: true);
        if (flexible)
            reader.SkipTags();
    }
}

/// <summary>What the broker serves. An unknown version is answered in the layout of version 0, with error 35.</summary>
public sealed class ApiVersionsResponse : IMessage
{
    /// <summary>What went wrong, or none.</summary>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>The request types that the broker serves, with their versions.</summary>
    public List<ApiVersion> ApiKeys { get; set; } = [];

    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    /// <remarks>Since version 1; left out without an error in the others.</remarks>
    public int ThrottleTimeMs { get; set; }

    /// <summary>The features that this broker can do (KIP-584), with their levels.</summary>
    /// <remarks>Since version 3; left out without an error in the others.</remarks>
    public List<SupportedFeatureKey> SupportedFeatures { get; set; } = [];

    /// <summary>Which state of the finalized features this is: higher is newer, -1 is unknown.</summary>
    /// <remarks>Since version 3; left out without an error in the others.</remarks>
    public long FinalizedFeaturesEpoch { get; set; } = -1;

    /// <summary>The features that are switched on in the whole cluster (KIP-584), with their levels.</summary>
    /// <remarks>Since version 3; left out without an error in the others.</remarks>
    public List<FinalizedFeatureKey> FinalizedFeatures { get; set; } = [];

    /// <summary>Whether a ZooKeeper-to-KRaft migration may start (KIP-866).</summary>
    /// <remarks>Since version 3; left out without an error in the others.</remarks>
    public bool ZkMigrationReady { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(ApiVersionsResponse), version, 0, 4);
        var flexible = version >= 3;
        writer.WriteErrorCode(ErrorCode);
        writer.WriteArrayLength(ApiKeys.Count, flexible);
        foreach (var item in ApiKeys)
            item.Write(writer, version);
        if (version >= 1)
            writer.WriteInt32(ThrottleTimeMs);
        if (flexible)
        {
            var tags = 0u;
            if (SupportedFeatures.Count != 0)
                tags++;
            if (FinalizedFeaturesEpoch != -1)
                tags++;
            if (FinalizedFeatures.Count != 0)
                tags++;
            if (ZkMigrationReady)
                tags++;
            writer.WriteUVarint(tags);
            if (SupportedFeatures.Count != 0)
            {
                var tag0 = writer.BeginTag();
                tag0.WriteArrayLength(SupportedFeatures.Count, compact: true);
                foreach (var item in SupportedFeatures)
                    item.Write(tag0, version);
                writer.EndTag(0);
            }
            if (FinalizedFeaturesEpoch != -1)
            {
                writer.WriteTag(1, size: 8);
                writer.WriteInt64(FinalizedFeaturesEpoch);
            }
            if (FinalizedFeatures.Count != 0)
            {
                var tag2 = writer.BeginTag();
                tag2.WriteArrayLength(FinalizedFeatures.Count, compact: true);
                foreach (var item in FinalizedFeatures)
                    item.Write(tag2, version);
                writer.EndTag(2);
            }
            if (ZkMigrationReady)
            {
                writer.WriteTag(3, size: 1);
                writer.WriteBool(ZkMigrationReady);
            }
        }
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(ApiVersionsResponse), version, 0, 4))
            return;
        var flexible = version >= 3;
        ErrorCode = reader.ReadErrorCode();
        var apiKeysCount = reader.ReadArrayLength(flexible ? 7 : 6, flexible);
        ApiKeys.EnsureCapacity(apiKeysCount);
        for (; apiKeysCount > 0 && !reader.IsBad; apiKeysCount--)
        {
            var item = new ApiVersion();
            item.Read(ref reader, version);
            ApiKeys.Add(item);
        }
        if (version >= 1)
            ThrottleTimeMs = reader.ReadInt32();
        if (flexible)
        {
            for (var tags = reader.ReadTagCount(); tags > 0 && !reader.IsBad; tags--)
            {
                switch (reader.ReadTag(out var end))
                {
                    case 0:
                    {
                        var supportedFeaturesCount = reader.ReadArrayLength(6, compact: true);
                        SupportedFeatures.EnsureCapacity(supportedFeaturesCount);
                        for (; supportedFeaturesCount > 0 && !reader.IsBad; supportedFeaturesCount--)
                        {
                            var item = new SupportedFeatureKey();
                            item.Read(ref reader, version);
                            SupportedFeatures.Add(item);
                        }
                        reader.EndTag(end);
                        break;
                    }
                    case 1:
                    {
                        FinalizedFeaturesEpoch = reader.ReadInt64();
                        reader.EndTag(end);
                        break;
                    }
                    case 2:
                    {
                        var finalizedFeaturesCount = reader.ReadArrayLength(6, compact: true);
                        FinalizedFeatures.EnsureCapacity(finalizedFeaturesCount);
                        for (; finalizedFeaturesCount > 0 && !reader.IsBad; finalizedFeaturesCount--)
                        {
                            var item = new FinalizedFeatureKey();
                            item.Read(ref reader, version);
                            FinalizedFeatures.Add(item);
                        }
                        reader.EndTag(end);
                        break;
                    }
                    case 3:
                    {
                        ZkMigrationReady = reader.ReadBool();
                        reader.EndTag(end);
                        break;
                    }
                    default:
                        reader.SkipTo(end);
                        break;
                }
            }
        }
    }

    /// <summary>One of <see cref="ApiVersionsResponse.ApiKeys"/>.</summary>
    public sealed class ApiVersion
    {
        /// <summary>The key of the request type.</summary>
        public short ApiKey { get; set; }

        /// <summary>The lowest version served.</summary>
        public short MinVersion { get; set; }

        /// <summary>The highest version served.</summary>
        public short MaxVersion { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 3;
            writer.WriteInt16(ApiKey);
            writer.WriteInt16(MinVersion);
            writer.WriteInt16(MaxVersion);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 3;
            ApiKey = reader.ReadInt16();
            MinVersion = reader.ReadInt16();
            MaxVersion = reader.ReadInt16();
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="ApiVersionsResponse.SupportedFeatures"/>.</summary>
    public sealed class SupportedFeatureKey
    {
        /// <summary>The feature's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The lowest level that the broker can do.</summary>
        public short MinVersion { get; set; }

        /// <summary>The highest level that the broker can do.</summary>
        public short MaxVersion { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteString(Name, compact: true);
            writer.WriteInt16(MinVersion);
            writer.WriteInt16(MaxVersion);
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            Name = reader.ReadString(compact: true);
            MinVersion = reader.ReadInt16();
            MaxVersion = reader.ReadInt16();
            reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="ApiVersionsResponse.FinalizedFeatures"/>.</summary>
    public sealed class FinalizedFeatureKey
    {
        /// <summary>The feature's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The highest level in force.</summary>
        public short MaxVersionLevel { get; set; }

        /// <summary>The lowest level in force.</summary>
        public short MinVersionLevel { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteString(Name, compact: true);
            writer.WriteInt16(MaxVersionLevel);
            writer.WriteInt16(MinVersionLevel);
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            Name = reader.ReadString(compact: true);
            MaxVersionLevel = reader.ReadInt16();
            MinVersionLevel = reader.ReadInt16();
            reader.SkipTags();
        }
    }
}
