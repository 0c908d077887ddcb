// Made from 32_DescribeConfigs.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Asks for the settings of topics, brokers or groups.</summary>
public sealed class DescribeConfigsRequest : IRequest<DescribeConfigsResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.DescribeConfigs;

    /// <inheritdoc/>
    public static short MinVersion => 1;

    /// <inheritdoc/>
    public static short MaxVersion => 4;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 4;

    /// <summary>Whose settings are wanted.</summary>
    public List<DescribeConfigsResource> Resources { get; set; } = [];

    /// <summary>Whether the other places that give the setting a value are wanted.</summary>
    public bool IncludeSynonyms { get; set; }

    /// <summary>Whether the text that explains each setting is wanted.</summary>
    /// <remarks>Since version 3.</remarks>
    public bool IncludeDocumentation { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(DescribeConfigsRequest), version, 1, 4);
        var flexible = version >= 4;
        writer.WriteArrayLength(Resources.Count, flexible);
        foreach (var item in Resources)
            item.Write(writer, version);
        writer.WriteBool(IncludeSynonyms);
        if (version >= 3)
            writer.WriteBool(IncludeDocumentation);
        else if (IncludeDocumentation)
            throw MessageChecks.NotInVersion("DescribeConfigsRequest.IncludeDocumentation", version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(DescribeConfigsRequest), version, 1, 4))
            return;
        var flexible = version >= 4;
        var resourcesCount = reader.ReadArrayLength(flexible ? 4 : 7, flexible);
        Resources.EnsureCapacity(resourcesCount);
        for (; resourcesCount > 0 && !reader.IsBad; resourcesCount--)
        {
            var item = new DescribeConfigsResource();
            item.Read(ref reader, version);
            Resources.Add(item);
        }
        IncludeSynonyms = reader.ReadBool();
        if (version >= 3)
            IncludeDocumentation = reader.ReadBool();
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="DescribeConfigsRequest.Resources"/>.</summary>
    public sealed class DescribeConfigsResource
    {
        /// <summary>What has the settings: 2 a topic, 4 a broker, 8 loggers, 16 client metrics, 32 a group.</summary>
        public sbyte ResourceType { get; set; }

        /// <summary>The name of the topic, the id of the broker, and so on.</summary>
        public string ResourceName { get; set; } = "";

        /// <summary>The names of the settings wanted; null for all.</summary>
        public List<string>? ConfigurationKeys { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 4;
            writer.WriteInt8(ResourceType);
            writer.WriteString(ResourceName, flexible);
            writer.WriteArrayLength(ConfigurationKeys?.Count ?? -1, flexible);
            if (ConfigurationKeys is not null)
            {
                foreach (var item in ConfigurationKeys)
                    writer.WriteString(item, flexible);
            }
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 4;
            ResourceType = reader.ReadInt8();
            ResourceName = reader.ReadString(flexible);
            var configurationKeysCount = reader.ReadNullableArrayLength(flexible ? 1 : 2, flexible);
            if (configurationKeysCount < 0)
                ConfigurationKeys = null;
            else
                (ConfigurationKeys ??= []).EnsureCapacity(configurationKeysCount);
            for (; configurationKeysCount > 0 && !reader.IsBad; configurationKeysCount--)
                ConfigurationKeys!.Add(reader.ReadString(flexible));
            if (flexible)
                reader.SkipTags();
        }
    }
}

/// <summary>The settings, with where each value comes from.</summary>
public sealed class DescribeConfigsResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>The answer for each resource.</summary>
    public List<DescribeConfigsResult> Results { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(DescribeConfigsResponse), version, 1, 4);
        var flexible = version >= 4;
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
        if (!MessageChecks.CanRead(ref reader, nameof(DescribeConfigsResponse), version, 1, 4))
            return;
        var flexible = version >= 4;
        ThrottleTimeMs = reader.ReadInt32();
        var resultsCount = reader.ReadArrayLength(flexible ? 7 : 11, flexible);
        Results.EnsureCapacity(resultsCount);
        for (; resultsCount > 0 && !reader.IsBad; resultsCount--)
        {
            var item = new DescribeConfigsResult();
            item.Read(ref reader, version);
            Results.Add(item);
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="DescribeConfigsResponse.Results"/>.</summary>
    public sealed class DescribeConfigsResult
    {
        /// <summary>What went wrong, or none.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>What went wrong in words, or null.</summary>
        public string? ErrorMessage { get; set; } = "";

        /// <summary>What has the settings: 2 a topic, 4 a broker, 8 loggers, 16 client metrics, 32 a group.</summary>
        public sbyte ResourceType { get; set; }

        /// <summary>The name of the topic, the id of the broker, and so on.</summary>
        public string ResourceName { get; set; } = "";

        /// <summary>The settings asked for.</summary>
        public List<DescribeConfigsResourceResult> Configs { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 4;
            writer.WriteErrorCode(ErrorCode);
            writer.WriteNullableString(ErrorMessage, flexible);
            writer.WriteInt8(ResourceType);
            writer.WriteString(ResourceName, flexible);
            writer.WriteArrayLength(Configs.Count, flexible);
            foreach (var item in Configs)
                item.Write(writer, version);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 4;
            ErrorCode = reader.ReadErrorCode();
            ErrorMessage = reader.ReadNullableString(flexible);
            ResourceType = reader.ReadInt8();
            ResourceName = reader.ReadString(flexible);
            var configsCount = reader.ReadArrayLength(flexible ? 9 : 11, flexible);
            Configs.EnsureCapacity(configsCount);
            for (; configsCount > 0 && !reader.IsBad; configsCount--)
            {
                var item = new DescribeConfigsResourceResult();
                item.Read(ref reader, version);
                Configs.Add(item);
            }
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="DescribeConfigsResult.Configs"/>.</summary>
    public sealed class DescribeConfigsResourceResult
    {
        /// <summary>The setting's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The setting's value, or null.</summary>
        public string? Value { get; set; } = "";

        /// <summary>Whether the setting cannot be changed.</summary>
        public bool ReadOnly { get; set; }

        /// <summary>Where the value comes from: topic, dynamic broker, static broker or default, by number.</summary>
        public sbyte ConfigSource { get; set; } = -1;

        /// <summary>Whether the value is a secret, which is then null.</summary>
        public bool IsSensitive { get; set; }

        /// <summary>Every place that gives the setting a value, the one in force first.</summary>
        public List<DescribeConfigsSynonym> Synonyms { get; set; } = [];

        /// <summary>The type of the value, by number.</summary>
        /// <remarks>Since version 3; left out without an error in the others.</remarks>
        public sbyte ConfigType { get; set; }

        /// <summary>What the setting does, or null if not asked for.</summary>
        /// <remarks>Since version 3; left out without an error in the others.</remarks>
        public string? Documentation { get; set; } = "";

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 4;
            writer.WriteString(Name, flexible);
            writer.WriteNullableString(Value, flexible);
            writer.WriteBool(ReadOnly);
            writer.WriteInt8(ConfigSource);
            writer.WriteBool(IsSensitive);
            writer.WriteArrayLength(Synonyms.Count, flexible);
            foreach (var item in Synonyms)
                item.Write(writer, version);
            if (version >= 3)
                writer.WriteInt8(ConfigType);
            if (version >= 3)
                writer.WriteNullableString(Documentation, flexible);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 4;
            Name = reader.ReadString(flexible);
            Value = reader.ReadNullableString(flexible);
            ReadOnly = reader.ReadBool();
            ConfigSource = reader.ReadInt8();
            IsSensitive = reader.ReadBool();
            var synonymsCount = reader.ReadArrayLength(flexible ? 4 : 5, flexible);
            Synonyms.EnsureCapacity(synonymsCount);
            for (; synonymsCount > 0 && !reader.IsBad; synonymsCount--)
            {
                var item = new DescribeConfigsSynonym();
                item.Read(ref reader, version);
                Synonyms.Add(item);
            }
            if (version >= 3)
                ConfigType = reader.ReadInt8();
            if (version >= 3)
                Documentation = reader.ReadNullableString(flexible);
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="DescribeConfigsResourceResult.Synonyms"/>.</summary>
    public sealed class DescribeConfigsSynonym
    {
        /// <summary>The name under which that place gives the value.</summary>
        public string Name { get; set; } = "";

        /// <summary>The setting's value, or null.</summary>
        public string? Value { get; set; } = "";

        /// <summary>Which place it is: topic, dynamic broker, static broker or default, by number.</summary>
        public sbyte Source { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 4;
            writer.WriteString(Name, flexible);
            writer.WriteNullableString(Value, flexible);
            writer.WriteInt8(Source);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 4;
            Name = reader.ReadString(flexible);
            Value = reader.ReadNullableString(flexible);
            Source = reader.ReadInt8();
            if (flexible)
                reader.SkipTags();
        }
    }
}
