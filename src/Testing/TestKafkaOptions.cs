using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Broker;
using Millrace.Broker.Storage;
using Millrace.Protocol.Wire;

namespace Millrace.Testing;

/// <summary>How a <see cref="TestKafka"/> differs from the defaults.</summary>
public sealed record TestKafkaOptions
{
    /// <summary>The clock of broker and clients. The system's by default; a <see cref="FakeClock"/> makes time the
    /// test's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Seeds every random choice. 1 by default: a test does the same in every run.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Listens on a free TCP port of 127.0.0.1 instead of memory, for clients of other languages. Off by
    /// default.</summary>
    public bool ListenOnTcp { get; init; }

    /// <summary>Where the log lies; a new <see cref="MemoryFileSystem"/> by default. Give the same one again to restart
    /// a broker on its data.</summary>
    public IFileSystem? FileSystem { get; init; }

    /// <summary>Where broker and clients log; nowhere by default.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Where broker, clients and the memory between them get their buffers. A <see
    /// cref="DiagnosticBufferPool"/> finds who keeps one: ask it with <see
    /// cref="DiagnosticBufferPool.AssertAllReturned"/> after everything is disposed.</summary>
    public BufferPool BufferPool { get; init; } = BufferPool.Default;

    /// <summary>Changes the broker's options.</summary>
    public Func<BrokerOptions, BrokerOptions>? ConfigureBroker { get; init; }

    internal BrokerOptions ToBrokerOptions()
    {
        var options = new BrokerOptions { DataDirectory = "/kafka", Port = 0 };
        return ConfigureBroker?.Invoke(options) ?? options;
    }
}
