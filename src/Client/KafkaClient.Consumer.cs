using Millrace.Client.Consume;

namespace Millrace.Client;

public sealed partial class KafkaClient
{
    /// <summary>Makes a consumer. Dispose it before the client.</summary>
    /// <param name="options">How it reads; null = the defaults, without a group.</param>
    /// <exception cref="ArgumentException">An option is not valid; the message names it and the remedy.</exception>
    public Consumer CreateConsumer(ConsumerOptions? options = null) => new(_core, options ?? new ConsumerOptions());
}
