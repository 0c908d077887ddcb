using System.Reflection;
using System.Security.Cryptography;

namespace Millrace.Console.Api;

/// <summary>A file of the front end, from the assembly's resources.</summary>
sealed class Asset
{
    readonly byte[] _bytes;
    readonly string _type;
    readonly string _etag;

    Asset(byte[] bytes, string type)
    {
        _bytes = bytes;
        _type = type;
        _etag = $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 8))}\"";
    }

    public static Asset Load(string name, string type)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return new Asset(copy.ToArray(), type);
    }

    public async Task WriteAsync(HttpContext http)
    {
        var response = http.Response;
        response.Headers.ETag = _etag;
        response.Headers.CacheControl = "no-cache";
        if (http.Request.Headers.IfNoneMatch == _etag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = _type;
        response.ContentLength = _bytes.Length;
        await response.Body.WriteAsync(_bytes, http.RequestAborted).ConfigureAwait(false);
    }
}
