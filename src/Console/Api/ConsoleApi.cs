using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Millrace.Client;
using Millrace.Console.Hosting;
using Millrace.Protocol;

namespace Millrace.Console.Api;

/// <summary>The routes, and what all of them have in common: the guard, the headers, the form of errors.</summary>
static class ConsoleApi
{
    const string ContentSecurityPolicy =
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

    /// <summary>The longest body of a change: three short fields.</summary>
    const int MaxBodyBytes = 16 * 1024;

    public static void Map(IEndpointRouteBuilder routes, ConsoleService service)
    {
        MapPage(routes, service);
        var views = new ConsoleViews(service);
        Get(routes, service, "/api/overview", views.OverviewAsync, ConsoleJson.Default.OverviewView);
        Get(routes, service, "/api/topics", views.TopicsAsync, ConsoleJson.Default.IReadOnlyListTopicView);
        Get(routes, service, "/api/groups", views.GroupsAsync, ConsoleJson.Default.IReadOnlyListGroupView);
        // The group's name is a parameter: it may hold any character, also a slash.
        Get(routes, service, "/api/group", views.GroupAsync, ConsoleJson.Default.GroupDetailView);
        Get(routes, service, "/api/dead-letters", views.DeadLettersAsync,
            ConsoleJson.Default.IReadOnlyListDeadLetterTopicView);
        Get(routes, service, "/api/dead-letters/{topic}", views.PageAsync, ConsoleJson.Default.LetterPageView);
        Get(routes, service, "/api/dead-letters/{topic}/{partition:int}/{offset:long}", views.LetterAsync,
            ConsoleJson.Default.LetterDetailView);
        Get(routes, service, "/api/replays", views.ReplaysAsync, ConsoleJson.Default.IReadOnlyListReplayView);
        Post(
            routes, service, "/api/dead-letters/{topic}/replay", views.StartReplayAsync,
            ConsoleJson.Default.ReplayView);
        Post(
            routes, service, "/api/replays/{id:int}/stop", views.StopReplayAsync,
            ConsoleJson.Default.IReadOnlyListReplayView);
    }

    /// <summary>Reads a small JSON body.</summary>
    public static async Task<T> ReadBodyAsync<T>(HttpContext http, JsonTypeInfo<T> type)
    {
        if (http.Request.ContentLength is null or > MaxBodyBytes)
        {
            throw new ArgumentException($"The body must have a Content-Length of at most {MaxBodyBytes} bytes.");
        }

        try
        {
            return await JsonSerializer.DeserializeAsync(http.Request.Body, type, http.RequestAborted)
                .ConfigureAwait(false)
                ?? throw new ArgumentException("The body must be a JSON object.");
        }
        catch (JsonException e)
        {
            throw new ArgumentException($"The body is not what this takes: {e.Message}", e);
        }
    }

    static void MapPage(IEndpointRouteBuilder routes, ConsoleService service)
    {
        var page = Asset.Load("index.html", "text/html; charset=utf-8");
        routes.MapMethods("/", ["GET"], Guarded(service, false, http =>
        {
            // Everything the page asks for is relative to it, so it must lie in its folder.
            if (http.Request.Path.Value is { } path && !path.EndsWith('/'))
            {
                http.Response.Redirect(http.Request.PathBase.Add(http.Request.Path) + "/");
                return Task.CompletedTask;
            }

            return page.WriteAsync(http);
        }));
        routes.MapMethods(
            "/console.js", ["GET"],
            Guarded(service, false, Asset.Load("console.js", "text/javascript; charset=utf-8").WriteAsync));
        routes.MapMethods(
            "/console.css", ["GET"],
            Guarded(service, false, Asset.Load("console.css", "text/css; charset=utf-8").WriteAsync));
        routes.MapMethods(
            "/icon.svg", ["GET"], Guarded(service, false, Asset.Load("icon.svg", "image/svg+xml").WriteAsync));
    }

    static void Get<T>(
        IEndpointRouteBuilder routes, ConsoleService service, string pattern, Func<HttpContext, Task<T>> answer,
        JsonTypeInfo<T> type) =>
        routes.MapMethods(pattern, ["GET"], Guarded(service, false, http => AnswerAsync(http, answer, type)));

    static void Post<T>(
        IEndpointRouteBuilder routes, ConsoleService service, string pattern, Func<HttpContext, Task<T>> answer,
        JsonTypeInfo<T> type) =>
        routes.MapMethods(pattern, ["POST"], Guarded(service, true, http => AnswerAsync(http, answer, type)));

    static RequestDelegate Guarded(ConsoleService service, bool isChange, RequestDelegate inner) => http =>
    {
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        var refusal = RequestGuard.Refuse(http, service.Options)
            ?? (isChange ? RequestGuard.RefuseChange(http, service.Options) : null);
        return refusal is null ? inner(http) : WriteErrorAsync(http, StatusCodes.Status403Forbidden, refusal);
    };

    static async Task AnswerAsync<T>(HttpContext http, Func<HttpContext, Task<T>> answer, JsonTypeInfo<T> type)
    {
        http.Response.Headers.CacheControl = "no-store";
        T value;
        try
        {
            value = await answer(http).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e) when (StatusOf(e) is { } status)
        {
            await WriteErrorAsync(http, status, e.Message.ReplaceLineEndings(" ")).ConfigureAwait(false);
            return;
        }

        await WriteAsync(http, value, type).ConfigureAwait(false);
    }

    static int? StatusOf(Exception e) => e switch
    {
        ArgumentException => StatusCodes.Status400BadRequest,
        KeyNotFoundException => StatusCodes.Status404NotFound,
        InvalidOperationException => StatusCodes.Status409Conflict,
        KafkaServerException { Code: ErrorCode.UnknownTopicOrPartition or ErrorCode.GroupIdNotFound } =>
            StatusCodes.Status404NotFound,
        KafkaServerException => StatusCodes.Status502BadGateway,
        KafkaConnectionException or SocketException or IOException => StatusCodes.Status503ServiceUnavailable,
        _ => null,
    };

    static Task WriteErrorAsync(HttpContext http, int status, string text)
    {
        http.Response.StatusCode = status;
        return WriteAsync(http, new ErrorView(text), ConsoleJson.Default.ErrorView);
    }

    static Task WriteAsync<T>(HttpContext http, T value, JsonTypeInfo<T> type)
    {
        http.Response.ContentType = "application/json; charset=utf-8";
        return JsonSerializer.SerializeAsync(http.Response.Body, value, type, http.RequestAborted);
    }
}
