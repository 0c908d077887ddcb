using System.Net;
using Millrace.Console.Hosting;

namespace Millrace.Console.Api;

/// <summary>Who may ask for what. The console has no users of its own, so by default only this machine is
/// served.</summary>
static class RequestGuard
{
    /// <summary>A browser does not send a header of this name to another site without asking it first, so a page
    /// elsewhere cannot post here.</summary>
    public const string ChangeHeader = "X-Millrace-Console";

    /// <summary>Why the request is refused, or null.</summary>
    public static string? Refuse(HttpContext http, ConsoleOptions options)
    {
        if (!options.AllowRemote)
        {
            if (http.Connection.RemoteIpAddress is { } address && !IPAddress.IsLoopback(address))
            {
                return "The console serves this machine only. "
                    + "Demand authorization for its endpoints, then set AllowRemote.";
            }

            // A name of somebody else's that points here (DNS rebinding) would make the page readable to another site.
            if (!IsThisMachine(http.Request.Host.Host))
            {
                return $"The console does not answer as '{http.Request.Host.Host}'. "
                    + "Open it as localhost, or set AllowRemote.";
            }
        }

        return null;
    }

    /// <summary>Why a change is refused, or null.</summary>
    public static string? RefuseChange(HttpContext http, ConsoleOptions options)
    {
        if (!options.AllowChanges)
        {
            return "The console is read-only. Set AllowChanges (millrace console --allow-changes) to replay from it.";
        }

        return http.Request.Headers.ContainsKey(ChangeHeader)
            ? null
            : $"A change needs the header {ChangeHeader}: 1, which pages of other sites cannot send.";
    }

    static bool IsThisMachine(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
