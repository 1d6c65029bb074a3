import { BlockList, isIP } from 'node:net';

/**
 * Whether an address is on the public internet. Everything special is refused: loopback, private, link-local with
 * the clouds' metadata services, carrier-grade NAT, documentation, benchmarks, multicast, reserved; in IPv6 everything
 * but global unicast, and of that no range that only wraps an IPv4 address.
 * Sources: https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry
 */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !blocked.check(address, 'ipv4');
    case 6:
      // A zone (`%eth0`) exists only on links of this machine.
      return !address.includes('%') && globalUnicast.check(address, 'ipv6') && !blocked.check(address, 'ipv6');
    default:
      return false;
  }
}

const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');

const blocked = new BlockList();
for (const range of [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // Azure's host agent, reachable from every virtual machine
  '168.63.129.16/32',
]) {
  const [network = '', prefix] = range.split('/');
  blocked.addSubnet(network, Number(prefix), 'ipv4');
}
for (const range of ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20']) {
  const [network = '', prefix] = range.split('/');
  blocked.addSubnet(network, Number(prefix), 'ipv6');
}
