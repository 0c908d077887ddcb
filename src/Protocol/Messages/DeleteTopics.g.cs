// Made from 20_DeleteTopics.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Deletes topics.</summary>
public sealed class DeleteTopicsRequest : IRequest<DeleteTopicsResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.DeleteTopics;

    /// <inheritdoc/>
    public static short MinVersion => 1;

    /// <inheritdoc/>
    public static short MaxVersion => 6;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 4;

    /// <summary>The topics to delete, by name or by id.</summary>
    /// <remarks>Since version 6.</remarks>
    public List<DeleteTopicState> Topics { get; set; } = [];

    /// <summary>The names of the topics to delete.</summary>
    /// <remarks>Up to version 5; left out without an error in the others.</remarks>
    public List<string> TopicNames { get; set; } = [];

    /// <summary>How long the broker may take, in milliseconds.</summary>
    public int TimeoutMs { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(DeleteTopicsRequest), version, 1, 6);
        var flexible = version >= 4;
        if (version >= 6)
        {
            writer.WriteArrayLength(Topics.Count, compact: true);
            foreach (var item in Topics)
                item.Write(writer, version);
        }
        else if (Topics.Count != 0)
            throw MessageChecks.NotInVersion("DeleteTopicsRequest.Topics", version);
        if (version <= 5)
        {
            writer.WriteArrayLength(TopicNames.Count, flexible);
            foreach (var item in TopicNames)
                writer.WriteString(item, flexible);
        }
        writer.WriteInt32(TimeoutMs);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(DeleteTopicsRequest), version, 1, 6))
            return;
        var flexible = version >= 4;
        if (version >= 6)
        {
            var topicsCount = reader.ReadArrayLength(18, compact: true);
            Topics.EnsureCapacity(topicsCount);
            for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
            {
                var item = new DeleteTopicState();
                item.Read(ref reader, version);
                Topics.Add(item);
            }
        }
        if (version <= 5)
        {
            var topicNamesCount = reader.ReadArrayLength(flexible ? 1 : 2, flexible);
            TopicNames.EnsureCapacity(topicNamesCount);
            for (; topicNamesCount > 0 && !reader.IsBad; topicNamesCount--)
                TopicNames.Add(reader.ReadString(flexible));
        }
        TimeoutMs = reader.ReadInt32();
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="DeleteTopicsRequest.Topics"/>.</summary>
    public sealed class DeleteTopicState
    {
        /// <summary>The topic's name; null to delete it by its id.</summary>
        public string? Name { get; set; }

        /// <summary>The topic's id.</summary>
        public Guid TopicId { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteNullableString(Name, compact: true);
            writer.WriteUuid(TopicId);
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            Name = reader.ReadNullableString(compact: true);
            TopicId = reader.ReadUuid();
            reader.SkipTags();
        }
    }
}

/// <summary>Which topics were deleted.</summary>
public sealed class DeleteTopicsResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>The outcome for each topic.</summary>
    public List<DeletableTopicResult> Responses { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(DeleteTopicsResponse), version, 1, 6);
        var flexible = version >= 4;
        writer.WriteInt32(ThrottleTimeMs);
        writer.WriteArrayLength(Responses.Count, flexible);
        foreach (var item in Responses)
            item.Write(writer, version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(DeleteTopicsResponse), version, 1, 6))
            return;
        var flexible = version >= 4;
        ThrottleTimeMs = reader.ReadInt32();
        var responsesCount = reader.ReadArrayLength(4, flexible);
        Responses.EnsureCapacity(responsesCount);
        for (; responsesCount > 0 && !reader.IsBad; responsesCount--)
        {
            var item = new DeletableTopicResult();
            item.Read(ref reader, version);
            Responses.Add(item);
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="DeleteTopicsResponse.Responses"/>.</summary>
    public sealed class DeletableTopicResult
    {
        /// <summary>The topic's name; null if it was named by an id that nobody knows.</summary>
        /// <remarks>Null allowed since version 6.</remarks>
        public string? Name { get; set; } = "";

        /// <summary>The topic's id.</summary>
        /// <remarks>Since version 6; left out without an error in the others.</remarks>
        public Guid TopicId { get; set; }

        /// <summary>What went wrong, or none.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>What went wrong in words, or null.</summary>
        /// <remarks>Since version 5; left out without an error in the others.</remarks>
        public string? ErrorMessage { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 4;
            if (Name is null && version < 6)
                throw MessageChecks.NullNotInVersion("DeleteTopicsResponse.DeletableTopicResult.Name", version);
            writer.WriteNullableString(Name, flexible);
            if (version >= 6)
                writer.WriteUuid(TopicId);
            writer.WriteErrorCode(ErrorCode);
            if (version >= 5)
                writer.WriteNullableString(ErrorMessage, compact: true);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 4;
            Name = version >= 6 ? reader.ReadNullableString(flexible) : reader.ReadString(flexible);
            if (version >= 6)
                TopicId = reader.ReadUuid();
            ErrorCode = reader.ReadErrorCode();
            if (version >= 5)
                ErrorMessage = reader.ReadNullableString(compact: true);
            if (flexible)
                reader.SkipTags();
        }
    }
}
