// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title HostileToken
/// @notice A token that misbehaves in the way that was chosen last.
/// @dev It never changes a balance by itself: such a token is refused at listing.
contract HostileToken {
    enum Mode {
        PLAIN,
        FEE_FROM_AMOUNT,
        FEE_ON_TOP,
        RETURNS_NOTHING,
        RETURNS_FALSE,
        REVERTS,
        BURNS_GAS,
        REENTERS,
        MOVES_TWICE
    }

    uint8 public constant decimals = 18;
    mapping(address account => uint256) public balanceOf;
    mapping(address account => mapping(address spender => uint256)) public allowance;
    mapping(address owner => uint256) public nonces;
    uint256 public totalSupply;
    Mode public mode;
    address public target;
    bytes public payload;
    /// @notice How many calls back succeeded since the token was armed.
    uint256 public succeeded;
    bool private _inside;

    function behave(Mode mode_, address target_, bytes calldata payload_) external {
        (mode, target, payload, succeeded) = (mode_, target_, payload_, 0);
        allowance[address(this)][target_] = type(uint256).max;
        balanceOf[address(this)] = 1e18; // so that nothing but the guard is in the way of a call back
    }

    function mint(address account, uint256 amount) external {
        balanceOf[account] += amount;
        totalSupply += amount;
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    /// @dev EIP-2612, as far as the exchange uses it.
    function permit(address owner, address spender, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
    {
        require(block.timestamp <= deadline, "deadline");
        bytes32 digest = permitDigest(owner, spender, amount, nonces[owner]++, deadline);
        require(ecrecover(digest, v, r, s) == owner, "signature");
        allowance[owner][spender] = amount;
    }

    function permitDigest(address owner, address spender, uint256 amount, uint256 nonce, uint256 deadline)
        public
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(address(this), block.chainid, owner, spender, amount, nonce, deadline));
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        uint256 allowed = allowance[from][msg.sender];
        require(allowed >= amount, "allowance");
        if (allowed != type(uint256).max) allowance[from][msg.sender] = allowed - amount;
        return _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        if (mode == Mode.REVERTS) revert("refused");
        if (mode == Mode.RETURNS_FALSE) return false;
        if (mode == Mode.BURNS_GAS) {
            uint256 left = gasleft() - gasleft() / 2;
            if (gasleft() > 300_000) left = gasleft() - 100_000;
            while (gasleft() > left) {}
        }
        if (mode == Mode.REENTERS && !_inside) {
            _inside = true;
            (bool success,) = target.call(payload);
            if (success) ++succeeded;
            _inside = false;
        }
        uint256 fee = amount / 100;
        balanceOf[from] -= amount;
        if (mode == Mode.FEE_FROM_AMOUNT) {
            balanceOf[to] += amount - fee;
            totalSupply -= fee;
        } else if (mode == Mode.FEE_ON_TOP) {
            balanceOf[from] -= fee;
            balanceOf[to] += amount;
            totalSupply -= fee;
        } else if (mode == Mode.MOVES_TWICE) {
            balanceOf[from] -= amount;
            balanceOf[to] += 2 * amount;
        } else {
            balanceOf[to] += amount;
        }
        if (mode == Mode.RETURNS_NOTHING) {
            assembly ("memory-safe") {
                return(0, 0)
            }
        }
        return true;
    }
}
