# fish completion for tool
function __tool_offer
	set -l before (commandline -opc)
	$before[1] __complete -- $before[2..-1] (commandline -ct) 2>/dev/null
end
complete -c tool -a '(__tool_offer)'
