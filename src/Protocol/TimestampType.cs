namespace Millrace.Protocol;

/// <summary>Who set the timestamp of a record (KIP-32).</summary>
public enum TimestampType
{
    /// <summary>The producer.</summary>
    CreateTime = 0,

    /// <summary>The broker, when it appended the batch; all records of the batch have the same one.</summary>
    LogAppendTime = 1,
}
