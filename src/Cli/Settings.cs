using System.Text.Json;
using System.Text.Json.Serialization;

namespace Millrace.Cli;

/// <summary>What <c>millrace.json</c> in the working directory says: where the cluster is when the command line does
/// not tell.</summary>
sealed record Settings
{
    public const string FileName = "millrace.json";

    /// <summary>The bootstrap servers to try first.</summary>
    public string Bootstrap { get; init; } = "127.0.0.1:9092";

    /// <summary>A data directory of the embedded broker, relative to the file. When no broker answers at
    /// <see cref="Bootstrap"/>, commands open it in process.</summary>
    public string? Data { get; init; }

    /// <summary>Reads the file of the working directory; defaults when there is none.</summary>
    public static Settings Load(string folder)
    {
        var path = Path.Combine(folder, FileName);
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            return new Settings();
        }

        try
        {
            using var stream = file.OpenRead();
            var settings = JsonSerializer.Deserialize(stream, SettingsJson.Default.Settings) ?? new Settings();
            var data = settings.Data is null ? null : Path.GetFullPath(Path.Combine(folder, settings.Data));
            return settings with { Data = data };
        }
        catch (JsonException e)
        {
            throw new CommandException($"{path} is not valid: {e.Message} It may hold \"bootstrap\" and \"data\".");
        }
    }
}

/// <summary>Source-generated JSON of the settings file; unknown names are errors.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    ReadCommentHandling = JsonCommentHandling.Skip)]
[JsonSerializable(typeof(Settings))]
sealed partial class SettingsJson : JsonSerializerContext;
