using Millrace.Client.Administration;
using Millrace.Client.Produce;
using Millrace.Client.Routing;

namespace Millrace.Client;

/// <summary>
/// The connection to one Kafka cluster. Start here: make one per cluster and process, then producers, consumers and
/// the admin
/// client from it; they share connections and metadata. Nothing is sent before the first call that needs it.
/// </summary>
public sealed partial class KafkaClient : IAsyncDisposable
{
    readonly ClientCore _core;

    /// <summary>Makes a client.</summary>
    /// <param name="options">How to reach the cluster.</param>
    /// <param name="runtime">The seams (clock, transport, randomness, buffers, logs); null = production.</param>
    /// <exception cref="ArgumentException">An option is not valid; the message names it and the remedy.</exception>
    public KafkaClient(ClientOptions options, ClientRuntime? runtime = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _core = new ClientCore(options, runtime ?? new ClientRuntime());
        Admin = new Admin(_core);
    }

    /// <summary>Topics, groups, offsets, configurations.</summary>
    public Admin Admin { get; }

    /// <summary>Makes a producer. Dispose it before the client.</summary>
    /// <param name="options">How it sends; null = the defaults.</param>
    /// <exception cref="ArgumentException">An option is not valid; the message names it and the remedy.</exception>
    public Producer CreateProducer(ProducerOptions? options = null) => new(_core, options ?? new ProducerOptions());

    /// <summary>Closes every connection. Producers and consumers made from this client fail from here on.</summary>
    public ValueTask DisposeAsync() => _core.DisposeAsync();
}
