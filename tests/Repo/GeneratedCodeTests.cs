using Millrace.MessageGenerator;
using Xunit;

namespace Millrace.Repo;

/// <summary>Checked-in generated code is what the generator makes of the definitions today.</summary>
public sealed class GeneratedCodeTests
{
    [Fact]
    public void Message_codecs_are_current()
    {
        if (Checkout.Update)
        {
            foreach (var (file, text) in Generator.GenerateAll(Checkout.Root))
            {
                Checkout.Write(file, text);
            }
        }

        Assert.True(
            !Generator.FindStale(Checkout.Root).Any(),
            "Run: dotnet run --project eng/MessageGenerator\n" + string.Join('\n', Generator.FindStale(Checkout.Root)));
    }
}
