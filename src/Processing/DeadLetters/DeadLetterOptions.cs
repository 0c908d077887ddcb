namespace Millrace.Processing.DeadLetters;

/// <summary>Where records go that cannot be handled, and what is written on them.</summary>
public sealed class DeadLetterOptions
{
    /// <summary>The part of <see cref="Topic"/> that the source topic's name replaces.</summary>
    public const string TopicPlaceholder = "{topic}";

    /// <summary>
    /// Whether there is a dead-letter topic at all. Off by default: a record that fails stops its partition, it is
    /// never
    /// skipped.
    /// </summary>
    public bool Enabled { get; set; }

    /// <summary>The topic's name; <c>{topic}</c> in it stands for the source topic.</summary>
    public string Topic { get; set; } = TopicPlaceholder + ".DLT";

    /// <summary>
    /// Whether a missing dead-letter topic is created at start, with the partition count of its source.
    /// </summary>
    public bool Create { get; set; } = true;

    /// <summary>
    /// The longest exception text header, in bytes of UTF-8. 8 KiB: the frames that matter come first, and a record
    /// near
    /// the broker's limit must still fit.
    /// </summary>
    public int MaxExceptionBytes { get; set; } = 8 * 1024;

    /// <summary>Whether Spring Kafka's <c>kafka_dlt-*</c> headers are written beside our own.</summary>
    public bool SpringHeaders { get; set; }

    /// <summary>
    /// The waits between tries to write a dead letter. It never gives up: the record stays pending, its lane waits.
    /// </summary>
    public Backoff ProduceBackoff { get; set; } =
        Backoff.Exponential(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(30), Backoff.Forever);

    /// <summary>The dead-letter topic of a source topic.</summary>
    /// <param name="source">The source topic's name.</param>
    public string TopicFor(string source) => Topic.Replace(TopicPlaceholder, source, StringComparison.Ordinal);
}
