using Microsoft.Extensions.Options;

namespace Millrace.Processing.Hosting;

/// <summary>One cluster for each connection, made when the first consumer asks and closed with the host.</summary>
sealed class Clusters(IClusterFactory factory, IOptionsMonitor<MillraceOptions> options) : IAsyncDisposable
{
    readonly Lock _lock = new();
    readonly Dictionary<string, ICluster> _byName = []; // guarded by _lock

    public ICluster Get(string name)
    {
        lock (_lock)
        {
            if (!_byName.TryGetValue(name, out var cluster))
            {
                cluster = factory.Create(options.Get(name));
                _byName.Add(name, cluster);
            }

            return cluster;
        }
    }

    public async ValueTask DisposeAsync()
    {
        List<ICluster> clusters;
        lock (_lock)
        {
            clusters = [.. _byName.Values];
            _byName.Clear();
        }

        foreach (var cluster in clusters)
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
        }
    }
}
