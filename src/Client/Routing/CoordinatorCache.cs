using System.Collections.Concurrent;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Client.Routing;

/// <summary>The kinds of coordinators; the number is the wire's key type.</summary>
enum CoordinatorKind : sbyte
{
    /// <summary>Of a consumer group.</summary>
    Group = 0,

    /// <summary>Of a transactional id.</summary>
    Transaction = 1,
}

/// <summary>Which broker coordinates which group or transactional id. An entry stays until somebody finds it
/// wrong.</summary>
sealed class CoordinatorCache(ClientCore core)
{
    // From version 4 on the request has a list of keys; one key at a time is enough here, in either form.
    const short VersionCap = 6;
    const short FirstVersionWithList = 4;

    readonly ConcurrentDictionary<(string Key, CoordinatorKind Kind), int> _known = new();

    public async ValueTask<int> FindAsync(string key, CoordinatorKind kind, CancellationToken cancellation)
    {
        if (_known.TryGetValue((key, kind), out var known))
        {
            return known;
        }
        var found = await core.RetryAsync(
            ApiKey.FindCoordinator, token => AskAsync(key, kind, token), static r => r.Error, static () => { },
                cancellation)
            .ConfigureAwait(false);
        if (found.Error != ErrorCode.None)
        {
            throw new KafkaServerException(
                found.Error,
                $"the {kind} coordinator of '{key}' could not be found. {found.Text}".TrimEnd());
        }
        _known[(key, kind)] = found.NodeId;
        return found.NodeId;
    }

    /// <summary>The broker turned out not to be the coordinator. Does nothing if another one is known
    /// meanwhile.</summary>
    public void Invalidate(string key, CoordinatorKind kind, int nodeId) =>
        _known.TryRemove(new KeyValuePair<(string, CoordinatorKind), int>((key, kind), nodeId));

    async ValueTask<Found> AskAsync(string key, CoordinatorKind kind, CancellationToken cancellation)
    {
        var found = await core.AskAnyAsync(
            core.Pool.Candidates(), (peer, patience) => AskAsync(peer, key, kind, patience), cancellation)
            .ConfigureAwait(false);
        if (found.Error == ErrorCode.None && core.Pool.Find(found.NodeId) is null)
        {
            // Its address comes from metadata, like every broker's.
            await core.Metadata.RefreshAsync(cancellation: cancellation).ConfigureAwait(false);
        }
        return found;
    }

    static async Task<Found> AskAsync(
        Net.BrokerPeer peer, string key, CoordinatorKind kind, CancellationToken cancellation)
    {
        var connection = await peer.GetAsync(Net.ConnectionKind.General, cancellation).ConfigureAwait(false);
        var version = connection.Versions.Choose<FindCoordinatorRequest, FindCoordinatorResponse>(
            VersionCap, connection.Broker);
        var request = new FindCoordinatorRequest { KeyType = (sbyte)kind };
        if (version >= FirstVersionWithList)
        {
            request.CoordinatorKeys = [key];
        }
        else
        {
            request.Key = key;
        }
        var response = await connection.SendAsync<FindCoordinatorRequest, FindCoordinatorResponse>(
            request, version, cancellation: cancellation).ConfigureAwait(false);
        return version < FirstVersionWithList
            ? new Found(response.ErrorCode, response.ErrorMessage, response.NodeId)
            : response.Coordinators is [var only, ..]
                ? new Found(only.ErrorCode, only.ErrorMessage, only.NodeId)
                : new Found(ErrorCode.CoordinatorNotAvailable, "The answer names no coordinator.", -1);
    }

    readonly record struct Found(ErrorCode Error, string? Text, int NodeId);
}
