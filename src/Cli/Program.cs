using System.CommandLine;
using Millrace.Cli;
using Millrace.Cli.Commands;

var root = new RootCommand("Millrace: operations on Kafka from the command line.")
{
    BrokerCommand.Create(),
    ConsoleCommand.Create(),
    LagCommand.Create(),
    TopicsCommand.Create(),
    DeadLetterCommand.Create(),
};
return await CommandRunner.RunAsync(root, args).ConfigureAwait(false);
