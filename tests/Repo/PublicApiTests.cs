using Millrace.Broker;
using Millrace.Client;
using Millrace.Console.Hosting;
using Millrace.Ops.DeadLetters;
using Millrace.Processing;
using Millrace.Protocol;
using Millrace.Testing;
using Xunit;

namespace Millrace.Repo;

/// <summary>The public surface of each library is a text in <c>api/</c>, so that a change of it is a reviewed
/// difference.</summary>
public sealed class PublicApiTests
{
    public static TheoryData<string> Libraries =>
        ["Protocol", "Client", "Broker", "Processing", "Ops", "Console", "Testing"];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void The_public_surface_is_the_one_written_down(string library)
    {
        var assembly = library switch
        {
            "Protocol" => typeof(TopicPartition).Assembly,
            "Client" => typeof(KafkaClient).Assembly,
            "Broker" => typeof(KafkaBroker).Assembly,
            "Processing" => typeof(MillraceBuilder).Assembly,
            "Ops" => typeof(DeadLetterReader).Assembly,
            "Console" => typeof(ConsoleOptions).Assembly,
            _ => typeof(TestKafka).Assembly,
        };
        var path = $"api/Millrace.{library}.txt";
        var actual = ApiText.Of(assembly);
        if (Checkout.Update)
        {
            Checkout.Write(path, actual);
        }

        var expected = File.Exists(Path.Combine(Checkout.Root, path)) ? Checkout.Read(path) : "";
        Assert.True(
            expected == actual,
            $"{path} differs; run UPDATE=1 ./check quick and review the difference.\n" + Difference(expected, actual));
    }

    static string Difference(string expected, string actual)
    {
        var before = expected.Split('\n').ToHashSet();
        var after = actual.Split('\n').ToHashSet();
        var gone = before.Except(after).Select(l => "- " + l);
        var added = after.Except(before).Select(l => "+ " + l);
        return string.Join('\n', gone.Concat(added).Take(40));
    }
}
